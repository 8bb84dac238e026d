/** Use cases of one cluster: its nodes, actors and placement groups now, and its use over time. */
import type {
  ActorWireValue,
  ClusterUsageWire,
  ClusterWire,
  PlacementGroupWireValue,
} from '../../contract/clusters.ts';
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import type { GpuMeasurement, NodeMeasurement } from '../../model/node-measurement.ts';
import { type Milliseconds, milliseconds, nanoseconds, nanosecondsToMilliseconds } from '../../model/units.ts';
import { USAGE_QUANTITIES, type UsageQuantity, usageQueries } from '../../sources/prometheus/cluster-usage.ts';
import { decodePlacementGroups, PLACEMENT_GROUPS_PATH } from '../../sources/ray/decode-placement-groups.ts';
import {
  type ActorRow,
  actorStates,
  MOST_NODES,
  type NodeRow,
  sessionActors,
  sessionNodes,
} from '../../store/queries/cluster-members.ts';
import { noticeOf } from '../alerts/alerts.ts';
import { ProblemError } from '../http/problem.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { measureByDcgm, measureNodes } from './cluster-measurements.ts';
import { joinNodes } from './cluster-nodes.ts';
import { clusterBoard } from './clusters.ts';
import type { KnownCluster } from './known-clusters.ts';

const ACTORS_SHOWN = 1000;

interface ClusterQuery {
  readonly cluster: string;
  readonly session?: string | undefined;
  readonly actorState?: string | undefined;
}

export const getCluster = (runtime: Runtime, query: ClusterQuery, signal?: AbortSignal): Promise<ClusterWire> =>
  clusterAt(runtime, query, null, signal);

/** `at`: the moment that counts as now; null: now. Throws `not-found` for a cluster or session nobody has heard of. */
export async function clusterAt(
  runtime: Runtime,
  query: ClusterQuery,
  at: Milliseconds | null,
  signal?: AbortSignal,
): Promise<ClusterWire> {
  const board = await clusterBoard(runtime, at, signal);
  const found = board.clusters.find(({ known }) => known.name === query.cluster);
  if (!found) throw unknownCluster(query.cluster);
  const { known, summary } = found;
  const session = sessionOf(known, query);
  const notices = [...board.notices, ...namesakes(known)];
  if (session === null)
    return {
      summary,
      session: null,
      nodes: [],
      actors: { total: 0, byState: {}, rows: [] },
      placementGroups: [],
      notices,
    };
  const options = signal ? { signal } : {};
  const [rows, states, actors, groups] = await Promise.all([
    runtime.engine.select(sessionNodes, { session }, options),
    runtime.engine.select(actorStates, { session }, options),
    runtime.engine.select(sessionActors, { session, state: query.actorState ?? '', limit: ACTORS_SHOWN }, options),
    placementGroups(runtime, session, signal),
  ]);
  const measured = known.sessions.find((one) => one.session === session)?.measured ?? [];
  const isNewest = session === summary.session;
  const dcgm =
    measured.some((node) => node.gpus.length > 0) || !isNewest
      ? { hosts: new Map<string, readonly GpuMeasurement[]>(), notices: [] }
      : await gpusByDcgm(runtime, rows, at, signal);
  const ended = summary.state === 'ended' || !isNewest;
  const nodes = await joinNodes({ session, rows, measured, dcgm: dcgm.hosts, ended });
  // Those that Prometheus alone knows are beside the listed ones.
  const all = nodes.length + Math.max(0, (rows[0]?.all ?? 0) - rows.length);
  if (all > MOST_NODES)
    notices.push({
      source: 'store',
      kind: 'partial',
      message: `${all.toLocaleString('en-US')} nodes are known; the first ${MOST_NODES.toLocaleString('en-US')} are shown.`,
      whatToDo: null,
    });
  return {
    summary,
    session,
    nodes: nodes.slice(0, MOST_NODES),
    actors: {
      total: states.reduce((sum, row) => sum + row.count, 0),
      byState: Object.fromEntries(states.map((row) => [row.state, row.count])),
      rows: actors.map((row) => actorWire(session, row)),
    },
    placementGroups: groups.groups,
    notices: [...notices, ...groups.notices, ...dcgm.notices],
  };
}

function sessionOf(known: KnownCluster, query: ClusterQuery): string | null {
  if (query.session === undefined) return known.sessions[0]?.session ?? null;
  const requested = known.sessions.find((one) => one.session === query.session);
  if (!requested)
    throw new ProblemError(
      'not-found',
      `cluster "${query.cluster}" has no session "${query.session}": list the known ones with GET /api/clusters`,
    );
  return requested.session;
}

/** Two sessions under one name that report at the same time are two clusters, not two lives of one. */
function namesakes(known: KnownCluster): SourceNoticeWire[] {
  const live = known.sessions.filter((one) => one.measured.length > 0);
  return live.length < 2
    ? []
    : [
        {
          source: 'prometheus',
          kind: 'partial',
          message: `${live.length} sessions called "${known.name}" report at once (${live
            .slice(0, 8)
            .map((one) => one.session)
            .join(', ')}${live.length > 8 ? ', …' : ''}); the numbers are those of the newest.`,
          whatToDo: 'Give each Ray cluster a name of its own (ray_io_cluster label, or ?cluster= of the event export).',
        },
      ];
}

async function placementGroups(
  runtime: Runtime,
  session: string,
  signal?: AbortSignal,
): Promise<{ groups: PlacementGroupWireValue[]; notices: SourceNoticeWire[] }> {
  const ray = runtime.rays().find((one) => one.sessions()[0] === session);
  // Ray tells placement groups in its State API only, and only while the session lives.
  if (!ray) return { groups: [], notices: [] };
  try {
    const { groups, truncated, warning } = decodePlacementGroups(await ray.api(PLACEMENT_GROUPS_PATH, signal));
    const missing = truncated > 0 ? `Ray left ${truncated} placement groups out of its answer` : warning;
    return {
      groups: groups.map((group) => ({ session, ...group, bundles: group.bundles.map((bundle) => ({ ...bundle })) })),
      notices: missing ? [{ source: `ray:${ray.cluster}`, kind: 'partial', message: missing, whatToDo: null }] : [],
    };
  } catch (error) {
    if (signal?.aborted) throw error;
    return { groups: [], notices: [noticeOf(`ray:${ray.cluster}`, error)] };
  }
}

async function gpusByDcgm(
  runtime: Runtime,
  rows: readonly NodeRow[],
  at: Milliseconds | null,
  signal?: AbortSignal,
): Promise<{ hosts: ReadonlyMap<string, readonly GpuMeasurement[]>; notices: SourceNoticeWire[] }> {
  const hosts = rows
    .flatMap((row) => (row.end_ns === null ? [row.hostname, row.name] : []))
    .filter((name) => name !== '');
  try {
    return { hosts: await measureByDcgm(runtime, [...new Set(hosts)], at, signal), notices: [] };
  } catch (error) {
    if (signal?.aborted) throw error;
    // That Prometheus is down has been said by the questions before this one.
    const notice = noticeOf('prometheus', error);
    return { hosts: new Map(), notices: notice.kind === 'down' || notice.kind === 'late' ? [] : [notice] };
  }
}

const orNull = (text: string): string | null => (text === '' ? null : text);

const actorWire = (session: string, row: ActorRow): ActorWireValue => ({
  session,
  actorId: row.actor_id,
  jobId: row.job_id,
  className: row.class_name,
  name: orNull(row.name),
  state: row.state,
  nodeId: orNull(row.node_id),
  workerId: orNull(row.worker_id),
  pid: row.pid,
  restarts: row.restarts,
  deathCause: orNull(row.death_cause),
});

/** Steps that a window is cut into, in seconds: at least as many points as asked for are never more than twice as many. */
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800];

interface UsageQuery {
  readonly cluster: string;
  readonly session?: string | undefined;
  readonly from: bigint;
  readonly to: bigint;
  readonly points: number;
}

async function newestSession(runtime: Runtime, query: ClusterQuery, signal?: AbortSignal): Promise<string | null> {
  const { clusters } = await clusterBoard(runtime, null, signal);
  const found = clusters.find((one) => one.known.name === query.cluster);
  if (!found) throw unknownCluster(query.cluster);
  return sessionOf(found.known, query);
}

const unknownCluster = (cluster: string): ProblemError =>
  new ProblemError('not-found', `no cluster "${cluster}" is known: list the known ones with GET /api/clusters`);

/** Targets of raylets that have several, in lists with at most one raylet of an address. */
function severalTargets(nodes: readonly NodeMeasurement[]): readonly (readonly string[])[] {
  const lists: string[][] = [];
  const at = new Map<string, number>();
  for (const { ip, instances } of nodes) {
    if (instances.length < 2 || ip === '') continue;
    const i = at.get(ip) ?? 0;
    at.set(ip, i + 1);
    const list = lists[i] ?? [];
    lists[i] = list;
    list.push(...instances);
  }
  return lists;
}

/** Throws `invalid-parameter` for an empty window, `not-found` for an unknown cluster. An unknown session has no samples. */
export async function getClusterUsage(
  runtime: Runtime,
  query: UsageQuery,
  signal?: AbortSignal,
): Promise<ClusterUsageWire> {
  if (query.to <= query.from)
    throw new ProblemError('invalid-parameter', 'parameter "to" must be after "from": widen the window');
  const from = nanosecondsToMilliseconds(nanoseconds(query.from));
  const to = nanosecondsToMilliseconds(nanoseconds(query.to));
  const seconds = (to - from) / 1000 / query.points;
  const step = milliseconds(1000 * (STEPS_S.find((s) => s >= seconds) ?? Math.ceil(seconds)));
  const startMs = Math.floor(from / step) * step;
  const count = (Math.floor(to / step) * step - startMs) / step + 1;
  const session = query.session ?? (await newestSession(runtime, query, signal));
  const lines: Record<UsageQuantity, (number | null)[]> = {
    cpuAllocated: [],
    cpuBusy: [],
    cpuTotal: [],
    gpuAllocated: [],
    gpuBusy: [],
    gpuTotal: [],
    memoryUsedBytes: [],
    memoryTotalBytes: [],
    tasksRunning: [],
  };
  const notices: SourceNoticeWire[] = [];
  if (session !== null) {
    const isPast = to < Date.now() - 60_000;
    const { nodes } = await measureNodes(runtime, session, isPast ? to : null, signal);
    const queries = usageQueries(session, severalTargets(nodes));
    await Promise.all(
      USAGE_QUANTITIES.map(async (name) => {
        try {
          const { data } = await runtime.prometheus.range({ ...queries[name], from, to, step }, signal);
          lines[name] = [...(data.series[0]?.values ?? [])];
        } catch (error) {
          if (signal?.aborted) throw error;
          const notice = noticeOf('prometheus', error);
          if (!notices.some((one) => one.kind === notice.kind)) notices.push(notice);
        }
      }),
    );
  }
  return { session, startMs, stepMs: step, count, ...lines, notices };
}
