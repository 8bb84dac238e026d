/** What the operator configured: environment first, then xray.yaml, then defaults. Sources never come from a request. */

export interface HttpAuth {
  readonly bearerToken: string | null;
  readonly basic: { readonly user: string; readonly password: string } | null;
  readonly headers: Readonly<Record<string, string>>;
  /** PEM file of a private certificate authority. */
  readonly caFile: string | null;
}

export interface HttpSource {
  /** Without a trailing slash. */
  readonly url: string;
  readonly auth: HttpAuth;
}

export interface ClusterConfig {
  readonly name: string;
  readonly owner: string | null;
  /** Ray dashboard, e.g. http://10.0.0.1:8265. */
  readonly rayDashboard: HttpSource | null;
  /** Label matchers that select this cluster's series in a shared Prometheus, e.g. {ray_io_cluster: 'prod'}. */
  readonly matchLabels: Readonly<Record<string, string>>;
}

export interface Config {
  readonly host: string;
  readonly port: number;
  /** Absolute. */
  readonly dataDirectory: string;
  /** True: the simulated cluster runs, and nothing else is connected. */
  readonly demo: boolean;
  readonly clusters: readonly ClusterConfig[];
  /** null: X-Ray manages a Prometheus of its own. */
  readonly prometheus: HttpSource | null;
  readonly alertmanager: HttpSource | null;
  /** null: chdb in process. */
  readonly clickhouse: (HttpSource & { readonly database: string }) | null;
  /** Needed on any address but loopback. */
  readonly authToken: string | null;
  readonly retentionDays: { readonly tasks: number; readonly traces: number; readonly alerts: number };
  readonly limits: {
    readonly bodyBytes: number;
    readonly decompressedBytes: number;
    readonly records: number;
    readonly depth: number;
    /** Rows waiting to be inserted before ingest answers 429. */
    readonly queueRows: number;
  };
  /** Where X-Ray sends its own traces (OTEL_EXPORTER_OTLP_ENDPOINT); null: nowhere. */
  readonly ownTraces: string | null;
}
