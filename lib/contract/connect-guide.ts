/**
 * How to connect a system, as text to copy: shown on the Sources page, and run as written by the live test. Variable names
 * are Ray's (ray-event-export guide, Ray >= 2.49) and OpenTelemetry's (OTLP exporter specification).
 */

/**
 * Every type that X-Ray reads, by name: Ray 2.49 to 2.53 know no ALL and would send nothing, 2.49 and 2.50 call the third by its first name,
 * and every version passes over names that it does not know.
 */
const RAY_EVENT_TYPES = [
  ...['TASK_DEFINITION_EVENT', 'TASK_EXECUTION_EVENT', 'TASK_LIFECYCLE_EVENT', 'ACTOR_TASK_DEFINITION_EVENT'],
  ...['TASK_PROFILE_EVENT', 'DRIVER_JOB_DEFINITION_EVENT', 'DRIVER_JOB_LIFECYCLE_EVENT', 'NODE_DEFINITION_EVENT'],
  ...['NODE_LIFECYCLE_EVENT', 'ACTOR_DEFINITION_EVENT', 'ACTOR_LIFECYCLE_EVENT', 'WORKER_DEFINITION_EVENT'],
  'WORKER_LIFECYCLE_EVENT',
].join(',');

/** `origin` is X-Ray's address as the reader reaches it, e.g. http://127.0.0.1:3000. Drivers need the first two lines too. */
export const rayGuide = (origin: string, cluster = 'my-cluster'): string => `export RAY_enable_ray_event=true
export RAY_enable_core_worker_ray_event_to_aggregator=true
export RAY_DASHBOARD_AGGREGATOR_AGENT_EVENTS_EXPORT_ADDR='${origin}/v1/events?cluster=${cluster}'
export RAY_DASHBOARD_AGGREGATOR_AGENT_EXPOSABLE_EVENT_TYPES=${RAY_EVENT_TYPES}
ray start --head`;

/** State API, Jobs API and logs of a cluster; X-Ray asks, so this is set where X-Ray starts. */
export const rayDashboardGuide = (): string => `export RAY_DASHBOARD_URL=http://127.0.0.1:8265
export XRAY_CLUSTER=my-cluster
npm start`;

export const otelGuide = (origin: string): string => `export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${origin}/v1/traces
export OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf`;

/** An existing Prometheus, Thanos, Mimir or VictoriaMetrics; without it X-Ray runs a Prometheus of its own. */
export const prometheusGuide = (): string => `export PROMETHEUS_URL=http://127.0.0.1:9090
npm start`;
