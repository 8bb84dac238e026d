/**
 * NCCL Inspector's gauges as dump intervals: which instants are new measurements, and what they say of lateness. Shared by the
 * list of communicators and by the ranks of one.
 */
import { splitRefusal, waitTransfer } from '../../analysis/wait-transfer.ts';
import type { LatenessVerdictWire } from '../../contract/collectives.ts';
import { largest } from '../../model/extremes.ts';
import type { LabelSet, SeriesGrid } from '../../model/series.ts';
import { milliseconds, nanosecondsToMilliseconds } from '../../model/units.ts';
import {
  decodeCommunicator,
  type InspectorCommunicator,
  inspectorId,
  nodeOf,
} from '../../sources/nccl/inspector-metrics.ts';
import { alignedGrid, type Grid } from '../../sources/prometheus/decode.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { cannotTell, judgeLateness, type LocationWire, MOST_BLOCKS } from './collective-lateness.ts';
import { type CollectiveScope, instantOf } from './collective-locations.ts';

/** Inspector's shortest dump interval; a shorter step would count one mean twice. */
const SHORTEST_INTERVAL_MS = 30_000;

/** Ranks of one communicator that are compared with each other. */
const MOST_JUDGED = 16_384;

/** One GPU as a member of a communicator. */
export interface Member {
  readonly node: string;
  /** `GPU3` */
  readonly gpu: string;
}
export const memberKey = ({ node, gpu }: Member): string => `${node}/${gpu}`;
export const memberOf = (labels: LabelSet): Member => ({ node: nodeOf(labels), gpu: labels.gpu ?? '' });
export const inScope = (communicator: InspectorCommunicator, scope: CollectiveScope): boolean =>
  (scope.cluster === null || communicator.cluster === null || communicator.cluster === scope.cluster) &&
  (scope.nodes === null || communicator.node === null || scope.nodeOf(communicator.node) !== null);

/** Range queries over one grid, half open as every window; what Prometheus warns of is kept. */
export function asker(
  runtime: Runtime,
  scope: CollectiveScope,
  grid: Grid,
  warnings: Set<string>,
  signal: AbortSignal,
): (name: string, promql: string) => Promise<SeriesGrid> {
  const to = instantOf(scope.window) - 1;
  return async (name, promql) => {
    const from = nanosecondsToMilliseconds(scope.window.from);
    const answer = await runtime.prometheus.range(
      { name, promql, from, to: milliseconds(Math.max(from, to)), step: grid.step },
      signal,
    );
    for (const warning of answer.warnings) warnings.add(warning);
    return answer.data;
  };
}

/** Steps of a whole number of seconds, no shorter than a dump interval, at most MOST_BLOCKS of them. */
export function blockGridOf(scope: CollectiveScope): Grid {
  const from = nanosecondsToMilliseconds(scope.window.from);
  const to = milliseconds(Math.max(from, instantOf(scope.window) - 1));
  const step = Math.max(SHORTEST_INTERVAL_MS, Math.ceil((to - from) / MOST_BLOCKS / 1000) * 1000);
  return alignedGrid(from, to, milliseconds(step));
}

export interface MemberValues {
  readonly member: Member;
  readonly values: readonly (number | null)[];
}

export function byCommunicator(grid: SeriesGrid): Map<string, MemberValues[]> {
  const found = new Map<string, MemberValues[]>();
  for (const { labels, values } of grid.series) {
    const communicator = decodeCommunicator(labels);
    if (!communicator) continue;
    const id = inspectorId(communicator);
    const own = { member: memberOf(labels), values };
    const members = found.get(id);
    if (members) members.push(own);
    else found.set(id, [own]);
  }
  return found;
}

export interface IntervalBlocks {
  readonly members: readonly Member[];
  /** One per dump interval that changed: when, and the mean time of each member, ns. */
  readonly blocks: readonly { readonly timeMs: number; readonly durationsNs: readonly (number | null)[] }[];
  /** Since when no gauge has changed, though they are still exposed at the end of the grid; null otherwise. */
  readonly unchangedSinceMs: number | null;
}

/**
 * Instants at which at least half of the gauges had moved: an instant that repeats the one before it is the same dump, or a
 * hang. A GPU whose mean is of fewer gauges than that of the others (an interval in which it finished only some sizes) cannot
 * be compared and counts as not measured.
 */
export function intervalBlocks(
  times: readonly MemberValues[],
  counts: readonly MemberValues[],
  grid: Grid,
): IntervalBlocks {
  const countsOf = new Map(counts.map(({ member, values }) => [memberKey(member), values]));
  const countOf = times.map(({ member }) => countsOf.get(memberKey(member)));
  const blocks: { timeMs: number; durationsNs: (number | null)[] }[] = [];
  let before: readonly (number | null)[] = [];
  let newestMs: number | null = null;
  for (let i = 0; i < grid.count; i++) {
    const raw = times.map(({ values }) => values[i] ?? null);
    if (raw.every((value) => value === null)) continue;
    newestMs = grid.start + i * grid.step;
    const moved = raw.filter((value, rank) => value !== null && value !== before[rank]).length;
    if (moved * 2 < raw.length) continue;
    before = raw;
    const of = countOf.map((values) => values?.[i] ?? null);
    const most = largest(of.map((count) => count ?? 0));
    blocks.push({
      timeMs: newestMs,
      durationsNs: raw.map((value, rank) => (value === null || of[rank] !== most ? null : value * 1000)),
    });
  }
  const last = blocks.at(-1)?.timeMs ?? null;
  const end = grid.start + (grid.count - 1) * grid.step;
  return {
    members: times.map(({ member }) => member),
    blocks,
    unchangedSinceMs:
      last !== null && newestMs !== null && newestMs > last && newestMs >= end - 2 * grid.step ? last : null,
  };
}

export function locationOf(member: Member, scope: CollectiveScope): LocationWire {
  const node = scope.nodeOf(member.node);
  const index = /^GPU(\d+)$/.exec(member.gpu)?.[1];
  return {
    rank: memberKey(member),
    globalRank: null,
    host: member.node || null,
    gpu: member.gpu || null,
    gpuIndex: index === undefined ? null : Number(index),
    nodeIp: node?.ip || null,
    nodeId: node?.nodeId ?? null,
    session: node?.session ?? null,
  };
}

export function intervalVerdict(
  communicator: InspectorCommunicator,
  reporting: number,
  collectives: readonly string[],
  { members, blocks }: IntervalBlocks,
  scope: CollectiveScope,
): LatenessVerdictWire {
  const { name, ranks } = communicator;
  if (reporting > ranks)
    return cannotTell(
      `${reporting} GPUs report under the name ${name} with ${ranks} ranks: more than one communicator, which Inspector's labels do not tell apart.`,
    );
  if (reporting > MOST_JUDGED)
    return cannotTell(`${reporting} GPUs report: lateness is judged among ${MOST_JUDGED} at most.`);
  const refusals = collectives.map(splitRefusal);
  if (refusals[0] && !refusals.includes(null)) return cannotTell(refusals[0]);
  if (reporting < ranks)
    return cannotTell(`Only ${reporting} of ${ranks} GPUs report: the one that is missing may be the late one.`);
  return judgeLateness(
    blocks.map(({ timeMs, durationsNs }) => {
      const late = waitTransfer(durationsNs)?.lateRank ?? null;
      return {
        fromNs: String(BigInt(timeMs) * 1_000_000n),
        operations: 1,
        durationsNs,
        last: durationsNs.map((_, rank) => (rank === late ? 1 : 0)),
      };
    }),
    members.map((member) => locationOf(member, scope)),
    'intervals',
  );
}
