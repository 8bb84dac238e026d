/**
 * Use case of GET /api/memory/oom: kills by Ray's memory monitor, from what Ray said of tasks, workers and actors, and
 * for sessions of which nothing is stored from the counter in Prometheus.
 */
import { z } from 'zod';
import { MemoryUserWire, type OomKillWire, type OomWire } from '../../contract/memory.ts';
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import { milliseconds, nanoseconds, nanosecondsToMilliseconds } from '../../model/units.ts';
import { type CountedKill, countedKills, OOM_COUNTER } from '../../sources/prometheus/oom-counter.ts';
import { type NodeAddressRow, nodeAddresses } from '../../store/queries/node-addresses.ts';
import { killedAttempts, oomKills } from '../../store/queries/oom-kills.ts';
import { sessionClusters } from '../../store/queries/sessions.ts';
import { noticeOf } from '../alerts/alerts.ts';
import { ProblemError } from '../http/problem.ts';
import { resolveJob } from '../jobs/jobs.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type JoinedKill, joinKills } from './oom-kill-join.ts';

interface OomQuery {
  readonly job?: string | undefined;
  readonly cluster?: string | undefined;
  readonly session?: string | undefined;
  /** ns */
  readonly from?: bigint | undefined;
  readonly to?: bigint | undefined;
}

const MOST_KILLS = 5000;
/** Reports of kills in one answer, characters; beyond it each is cut to its beginning, which names the node and its memory. */
const MOST_REPORTED = 8_000_000;
const REPORT_BEGINNING = 600;
const FOREVER = 2n ** 63n - 1n;
/** A count is scraped after the kill it counts: stored kills this long before the window still explain it. */
const COUNTED_LATE_NS = 120_000_000_000n;
const DEFAULT_WINDOW_NS = 6n * 3_600_000_000_000n;
const COUNTER_POINTS = 1000;
const IDLE = 'Idle Worker';

/** Throws ProblemError `not-found`, `ambiguous-job` (several jobs have that id) or `invalid-parameter`. */
export async function listOomKills(runtime: Runtime, query: OomQuery, signal?: AbortSignal): Promise<OomWire> {
  const [from, to] = [query.from ?? 0n, query.to ?? FOREVER];
  if (to <= from) throw new ProblemError('invalid-parameter', 'parameter "to" must be later than "from"');
  const job =
    query.job === undefined
      ? null
      : await resolveJob(runtime, { jobId: query.job, cluster: query.cluster, session: query.session });
  const options = signal ? { signal } : {};
  const session = job?.session ?? query.session ?? '';
  const early = from > COUNTED_LATE_NS ? from - COUNTED_LATE_NS : 0n;
  const [rows, clusters, nodes] = await Promise.all([
    runtime.engine.select(oomKills, { session, from: early, to, limit: MOST_KILLS }, options),
    sessionClusters(runtime.engine, session === '' ? undefined : [session]),
    runtime.engine.select(nodeAddresses, { session }, options),
  ]);
  const attempts = rows.length === 0 ? [] : await runtime.engine.select(killedAttempts, { session }, options);
  const named = new Map(nodes.map((node) => [`${node.session} ${node.node_id}`, node]));
  const stored = joinKills(rows, attempts)
    .filter(({ row }) => BigInt(row.time_ns) >= from)
    .map((kill) => killWire(kill, clusters, named.get(`${kill.row.session} ${kill.row.node_id}`)))
    .filter((kill) => job === null || kill.jobId === job.job_id);
  const explained = new Set(rows.map((row) => row.session));
  const notices: SourceNoticeWire[] = [];
  const counted = job ? [] : await fromCounter(runtime, query, notices, signal);
  const nodesAt = Map.groupBy(nodes, (node) => `${node.session} ${node.ip}`);
  const kills = [
    ...stored,
    ...counted
      .filter((kill) => !explained.has(kill.session) && (!query.session || kill.session === query.session))
      .sort((a, b) => b.time - a.time)
      .slice(0, MOST_KILLS)
      .map((kill) => countedWire(kill, clusters, nodesAt.get(`${kill.session} ${kill.nodeIp}`) ?? [])),
  ]
    .filter((kill) => !query.cluster || kill.cluster === query.cluster)
    .map((kill) => ({ kill, time: BigInt(kill.timeNs) }))
    .sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0))
    .map(({ kill }) => kill);
  const count = (outcome: OomKillWire['outcome']) => kills.filter((kill) => kill.outcome === outcome).length;
  return {
    kills: withinReports(kills),
    totals: {
      kills: kills.length,
      recovered: count('recovered'),
      retrying: count('retrying'),
      lost: count('lost'),
      idle: count('nothing'),
      unknown: count('unknown'),
    },
    limited: rows.length >= MOST_KILLS,
    notices,
  };
}

/** Sixteen kilobytes of report for each of five thousand kills would be 80 MB. */
function withinReports(kills: readonly OomKillWire[]): OomKillWire[] {
  let left = MOST_REPORTED;
  return kills.map((kill) => {
    const { length } = kill.message;
    left -= length;
    return left >= 0 || length <= REPORT_BEGINNING
      ? kill
      : { ...kill, message: kill.message.slice(0, REPORT_BEGINNING) };
  });
}

async function fromCounter(
  runtime: Runtime,
  query: OomQuery,
  notices: SourceNoticeWire[],
  signal: AbortSignal | undefined,
): Promise<CountedKill[]> {
  const now = BigInt(Date.now()) * 1_000_000n;
  const toNs = query.to !== undefined && query.to < now ? query.to : now;
  const fromNs = query.from ?? toNs - DEFAULT_WINDOW_NS;
  const [from, to] = [fromNs, toNs].map((time) => nanosecondsToMilliseconds(nanoseconds(time)));
  if (from === undefined || to === undefined || to <= from) return [];
  const step = milliseconds(Math.max(15_000, Math.ceil((to - from) / COUNTER_POINTS / 1000) * 1000));
  try {
    // Ten steps before the window say where the count stood when it began.
    const { data } = await runtime.prometheus.range(
      { ...OOM_COUNTER, from: milliseconds(from - 10 * step), to, step },
      signal,
    );
    return countedKills(data, from);
  } catch (error) {
    if (signal?.aborted) throw error;
    notices.push(noticeOf('prometheus', error));
    return [];
  }
}

const Others = z.array(MemoryUserWire);

function killWire(
  { row, kind, ran, attempts, outcome }: JoinedKill,
  clusters: ReadonlyMap<string, string>,
  node: NodeAddressRow | undefined,
): OomKillWire {
  const others = row.others === '' ? [] : Others.parse(JSON.parse(row.others));
  const largest = others[0];
  return {
    cluster: clusters.get(row.session) ?? row.session,
    session: row.session,
    timeNs: row.time_ns,
    kind,
    name: row.name || (kind === 'idle_worker' ? IDLE : (ran?.function_name ?? '')),
    functionName: ran?.function_name ?? null,
    jobId: row.job_id ?? ran?.job_id ?? null,
    taskId: ran?.task_id ?? row.task_id,
    attempt: ran?.attempt ?? row.attempt,
    attempts,
    outcome,
    actorId: row.actor_id ?? ran?.actor_id ?? null,
    nodeId: row.node_id,
    nodeIp: row.node_ip ?? (node?.ip || null),
    nodeName: node?.name || node?.hostname || null,
    workerId: row.worker_id,
    pid: row.pid,
    usedBytes: row.used_bytes,
    nodeUsedBytes: row.node_used_bytes,
    nodeTotalBytes: row.node_total_bytes,
    nodeThresholdBytes: row.node_threshold_bytes,
    others,
    culprit: largest && row.used_bytes !== null && largest.usedBytes > row.used_bytes ? largest : null,
    source: [...row.sources].sort().join('+'),
    message: row.message,
  };
}

/** What a counter can tell: that there was one, of what, where, and in which bin. */
function countedWire(
  kill: CountedKill,
  clusters: ReadonlyMap<string, string>,
  there: readonly NodeAddressRow[],
): OomKillWire {
  const node = there.length === 1 ? there[0] : undefined;
  return {
    cluster: clusters.get(kill.session) ?? kill.cluster ?? kill.session,
    session: kill.session,
    timeNs: String(BigInt(kill.time) * 1_000_000n),
    kind: kill.kind,
    name: kill.name || (kill.kind === 'idle_worker' ? IDLE : ''),
    functionName: null,
    jobId: null,
    taskId: null,
    attempt: null,
    attempts: null,
    outcome: kill.kind === 'idle_worker' ? 'nothing' : 'unknown',
    actorId: null,
    nodeId: node?.node_id ?? null,
    nodeIp: kill.nodeIp,
    nodeName: node?.name || null,
    workerId: null,
    pid: null,
    usedBytes: null,
    nodeUsedBytes: null,
    nodeTotalBytes: null,
    nodeThresholdBytes: null,
    others: [],
    culprit: null,
    source: 'metric',
    message: '',
  };
}
