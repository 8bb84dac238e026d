/** Use case of GET /api/clusters: every cluster X-Ray has seen, joined from the store, Prometheus and alerts. */
import { clusterState } from '../../analysis/cluster-state.ts';
import { gpuWaste } from '../../analysis/gpu-waste.ts';
import type { AlertWireValue } from '../../contract/alerts.ts';
import type { ClusterSummaryWire, ClustersWire } from '../../contract/clusters.ts';
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import { largest, largestKnown } from '../../model/extremes.ts';
import type { NodeMeasurement } from '../../model/node-measurement.ts';
import { type Milliseconds, milliseconds, nanoseconds, nanosecondsToMilliseconds } from '../../model/units.ts';
import { inSlices } from '../../sources/http/event-loop-turns.ts';
import { type SessionJobRow, seenSessions, sessionJobs } from '../../store/queries/clusters.ts';
import { alertBoard } from '../alerts/alerts.ts';
import { jobStatus, ownerOf } from '../jobs/jobs.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { byHost, gpusOfHost, type Measured, measureNodes } from './cluster-measurements.ts';
import { grouped, type KnownCluster, type KnownSession, knownClusters, labelsMatch } from './known-clusters.ts';

export interface ClusterBoard {
  readonly clusters: readonly { readonly known: KnownCluster; readonly summary: ClusterSummaryWire }[];
  readonly measured: Measured;
  readonly notices: readonly SourceNoticeWire[];
}

/** Rows of one answer. */
const MOST_CLUSTERS = 2_000;
/** Sessions of one cluster that are named, newest first. */
const MOST_SESSIONS = 1_000;

const STATE_ORDER = { alive: 0, silent: 1, ended: 2 } as const;

/** Living clusters first, by name; then by when they were last heard. */
export async function listClusters(
  runtime: Runtime,
  _query: Record<string, never>,
  signal?: AbortSignal,
): Promise<ClustersWire> {
  const board = await clusterBoard(runtime, null, signal);
  const shown = board.clusters.slice(0, MOST_CLUSTERS);
  const notices = [...board.notices];
  if (shown.length < board.clusters.length)
    notices.push({
      source: 'store',
      kind: 'partial',
      message: `${board.clusters.length.toLocaleString('en-US')} clusters are known; the first ${MOST_CLUSTERS.toLocaleString('en-US')} are shown: those that live, then those seen last.`,
      whatToDo: 'Give the sessions of one cluster one name (?cluster= of the event export).',
    });
  return { clusters: shown.map((one) => one.summary), notices };
}

/** `at`: the moment that counts as now, for looking at a recording; null: now. Rejects only where the store does. */
export async function clusterBoard(
  runtime: Runtime,
  at: Milliseconds | null,
  signal?: AbortSignal,
): Promise<ClusterBoard> {
  const options = signal ? { signal } : {};
  const [stored, jobs, measured, alerts] = await Promise.all([
    runtime.engine.select(seenSessions, {}, options),
    runtime.engine.select(sessionJobs, {}, options),
    measureNodes(runtime, null, at, signal),
    alertBoard(runtime, signal),
  ]);
  const known = knownClusters(stored, measured.nodes, runtime.config.clusters, runtime.rays());
  const firing = alerts.alerts.filter((alert) => alert.state === 'firing');
  const now = at ?? milliseconds(Date.now());
  const facts: Facts = {
    now,
    jobsOf: grouped(jobs, (job) => job.session),
    measured,
    firing: alerts.complete ? firingAlerts(firing) : null,
    only: known.length === 1,
  };
  const clusters: { known: KnownCluster; summary: ClusterSummaryWire; heard: number }[] = [];
  await inSlices(known, (cluster) => {
    const summary = summarise(runtime, cluster, facts);
    // All that live are heard all the time: which was heard last would change from look to look.
    const seen = summary.state === 'alive' ? 0 : Number(summary.lastHeardNs ?? 0);
    clusters.push({ known: cluster, summary, heard: seen });
  });
  clusters.sort(
    (a, b) =>
      STATE_ORDER[a.summary.state] - STATE_ORDER[b.summary.state] ||
      b.heard - a.heard ||
      (a.known.name < b.known.name ? -1 : 1),
  );
  return { clusters, measured, notices: distinct([...measured.notices, ...alerts.notices]) };
}

/** One source that is down is said once, whatever it was asked. */
function distinct(notices: readonly SourceNoticeWire[]): SourceNoticeWire[] {
  const kept = new Map<string, SourceNoticeWire>();
  for (const notice of notices) {
    const key = notice.kind === 'down' ? notice.source : `${notice.source} ${notice.message}`;
    if (!kept.has(key)) kept.set(key, notice);
  }
  return [...kept.values()];
}

interface Facts {
  readonly now: Milliseconds;
  readonly jobsOf: ReadonlyMap<string, readonly SessionJobRow[]>;
  readonly measured: Measured;
  /** Null where Prometheus did not say. */
  readonly firing: FiringAlerts | null;
  readonly only: boolean;
}

function summarise(runtime: Runtime, cluster: KnownCluster, facts: Facts): ClusterSummaryWire {
  const { now, measured } = facts;
  const [newest] = cluster.sessions;
  const sessions = new Set(cluster.sessions.map((one) => one.session));
  const jobs = [...sessions].flatMap((session) => facts.jobsOf.get(session) ?? []);
  const underWay = jobs.filter((job) => ['RUNNING', 'PENDING'].includes(jobStatus(job)));
  const lastSeen = newest ? lastSeenOf(newest) : null;
  const nodesReported = newest?.stored?.nodes_told ?? 0;
  const nodesAlive = newest?.stored?.nodes_alive ?? 0;
  const heartbeat = newest?.heardFrom.some((source) => source === 'prometheus' || source === 'state-api') ?? false;
  const state = clusterState({
    now,
    lastHeard: lastSeen,
    nodesTold: nodesReported,
    nodesAlive: newest && newest.measured.length > 0 ? Math.max(1, nodesAlive) : nodesAlive,
    jobsUnderWay: underWay.filter((job) => job.session === newest?.session).length,
    heartbeatLost: heartbeat && measured.complete && newest?.measured.length === 0,
  });
  const ended = state === 'ended';
  const use = usageOf(newest?.measured ?? []);
  const reported = (count: number | undefined): number | null => (count ? count : null);
  const running = ended ? 0 : underWay.filter((job) => job.session === newest?.session).length;
  return {
    cluster: cluster.name,
    session: newest?.session ?? null,
    sessions: cluster.sessions.slice(0, MOST_SESSIONS).map((one) => one.session),
    state,
    owner: cluster.config?.owner ?? ownerOfJobs(jobs),
    rayVersion: newest?.stored?.ray_version || newest?.measured[0]?.rayVersion || null,
    demo: runtime.config.demo,
    nodes: {
      alive: ended ? 0 : Math.max(nodesAlive, newest?.measured.length ?? 0),
      total: Math.max(nodesReported, newest?.measured.length ?? 0),
    },
    cpu: { used: use.cpuAllocated, total: use.cpuTotal ?? reported(newest?.stored?.cpus) },
    gpu: { used: use.gpuAllocated, total: use.gpuTotal ?? reported(newest?.stored?.gpus) },
    memoryBytes: { used: use.memoryUsed, total: use.memoryTotal },
    waste: {
      gpusAllocated: use.waste.allocated,
      gpusUsed: use.waste.used,
      gpusWasted: use.waste.wasted,
    },
    jobs: { running, withoutEnd: underWay.length - running, total: jobs.length },
    alertsFiring: facts.firing === null ? null : alertsOf(cluster, sessions, facts.firing, facts.only),
    firstSeenNs: cluster.sessions.at(-1)?.stored?.first_ns ?? nsText(lastSeen),
    lastHeardNs: nsText(lastSeen),
    heardFrom: newest ? [...newest.heardFrom] : [],
  };
}

const nsText = (time: Milliseconds | null): string | null =>
  time === null ? null : String(BigInt(Math.floor(time)) * 1_000_000n);

/** The newest word of any source. */
function lastSeenOf(session: KnownSession): Milliseconds | null {
  const times = session.measured.flatMap((node) => (node.sampled === null ? [] : [node.sampled]));
  if (session.stored?.last_ns) times.push(nanosecondsToMilliseconds(nanoseconds(BigInt(session.stored.last_ns))));
  return times.length > 0 ? milliseconds(largest(times)) : null;
}

/** Sum of what is known; null where nothing is. */
function total(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) : null;
}

/** A cluster's use now: logical resources of every raylet, memory and GPUs of every host once. */
export function usageOf(nodes: readonly NodeMeasurement[]) {
  const hosts = byHost(nodes);
  return {
    cpuAllocated: total(nodes.map((node) => node.cpuAllocated)),
    cpuTotal: total(nodes.map((node) => node.cpuTotal)),
    gpuAllocated: total(nodes.map((node) => node.gpuAllocated)),
    gpuTotal: total(nodes.map((node) => node.gpuTotal)),
    memoryUsed: total(hosts.map((host) => largestKnown(host.map((node) => node.memoryUsed)))),
    memoryTotal: total(hosts.map((host) => largestKnown(host.map((node) => node.memoryTotal)))),
    waste: gpuWaste(
      hosts.flatMap((host) => {
        const allocated = total(host.map((node) => node.gpuAllocated));
        return allocated === null ? [] : [{ allocated, utilizations: gpusOfHost(host).map((gpu) => gpu.utilization) }];
      }),
    ),
  };
}

/** Whom most jobs are for; of equals the one with the newest job. */
function ownerOfJobs(jobs: readonly SessionJobRow[]): string | null {
  const counts = new Map<string, number>();
  for (const job of jobs) {
    const owner = ownerOf(job.metadata);
    if (owner) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

interface FiringAlerts {
  readonly bySession: ReadonlyMap<string, number>;
  readonly byCluster: ReadonlyMap<string, number>;
  /** Alerts that name neither. */
  readonly nameless: readonly AlertWireValue[];
}

function firingAlerts(firing: readonly AlertWireValue[]): FiringAlerts {
  const bySession = new Map<string, number>();
  const byCluster = new Map<string, number>();
  const nameless: AlertWireValue[] = [];
  for (const alert of firing) {
    const session = alert.labels.SessionName;
    if (session) bySession.set(session, (bySession.get(session) ?? 0) + 1);
    else if (alert.cluster !== null) byCluster.set(alert.cluster, (byCluster.get(alert.cluster) ?? 0) + 1);
    else nameless.push(alert);
  }
  return { bySession, byCluster, nameless };
}

/** An alert that names no cluster and no session belongs to the only cluster there is, or to none. */
function alertsOf(
  cluster: KnownCluster,
  sessions: ReadonlySet<string>,
  { bySession, byCluster, nameless }: FiringAlerts,
  only: boolean,
): number {
  let count = byCluster.get(cluster.name) ?? 0;
  for (const session of sessions) count += bySession.get(session) ?? 0;
  if (only) return count + nameless.length;
  const { config } = cluster;
  return config === null ? count : count + nameless.filter((one) => labelsMatch(config.matchLabels, one.labels)).length;
}
