/** The GPUs of one communicator out of NCCL Inspector's gauges: time, bandwidth and waiting of each. */
import { splitRefusal, waitTransfer } from '../../analysis/wait-transfer.ts';
import type { RanksWire, RankWire } from '../../contract/collectives.ts';
import {
  execTimeQuery,
  type GaugeChoice,
  gaugeCountQuery,
  gpuBandwidthQuery,
  messageSizesQuery,
  parseInspectorId,
} from '../../sources/nccl/inspector-metrics.ts';
import { parseMessageSize, sizeClass } from '../../sources/nccl/message-size.ts';
import type { Grid } from '../../sources/prometheus/decode.ts';
import type { Runtime } from '../runtime/runtime.ts';
import {
  asker,
  blockGridOf,
  byCommunicator,
  intervalBlocks,
  intervalVerdict,
  locationOf,
  memberKey,
} from './collective-intervals.ts';
import { byLateness, cannotTell } from './collective-lateness.ts';
import { type CollectiveScope, instantOf, windowSeconds } from './collective-locations.ts';

/** Rows of one answer. */
const MOST_RANKS = 20_000;

export const isInspectorCommunicator = (id: string): boolean => parseInspectorId(id) !== null;

/** What is said while Prometheus has not answered yet. */
export const noGaugeRanks = (communicator: string, collective: string, grid: Grid): Omit<RanksWire, 'notices'> => ({
  communicator,
  name: parseInspectorId(communicator)?.name ?? communicator,
  collective,
  source: 'nccl-inspector',
  ranks: [],
  omitted: 0,
  startMs: grid.start,
  stepMs: grid.step,
  count: grid.count,
  ...cannotTell('Prometheus has not answered yet.'),
});

/** GPUs of one communicator and collective. Null where no gauge of it was seen. */
export async function gaugeRanks(
  runtime: Runtime,
  scope: CollectiveScope,
  grid: Grid,
  requested: { communicator: string; collective: string; messageSize: number | null },
  signal: AbortSignal,
): Promise<Omit<RanksWire, 'notices'> | null> {
  const communicator = parseInspectorId(requested.communicator);
  if (!communicator) return null;
  const base: GaugeChoice = { communicator, collectives: [requested.collective] };
  const messageSizes =
    requested.messageSize === null ? [] : await spellings(runtime, scope, base, requested.messageSize, signal);
  if (requested.messageSize !== null && messageSizes.length === 0) return null;
  const choice: GaugeChoice = { ...base, messageSizes };
  const warnings = new Set<string>();
  const blockGrid = blockGridOf(scope);
  const ask = asker(runtime, scope, grid, warnings, signal);
  const askBlocks = asker(runtime, scope, blockGrid, warnings, signal);
  const [exec, bandwidth, times, counts] = await Promise.all([
    ask('collective-rank-exec-time', execTimeQuery(choice)),
    ask('collective-rank-bandwidth', gpuBandwidthQuery(choice)),
    askBlocks('collective-exec-time', execTimeQuery(choice)),
    askBlocks('collective-gauges', gaugeCountQuery(choice)),
  ]);
  const own = byCommunicator(exec).get(requested.communicator) ?? [];
  if (own.length === 0) return null;
  const speeds = new Map(
    (byCommunicator(bandwidth).get(requested.communicator) ?? []).map((one) => [memberKey(one.member), one.values]),
  );
  const intervals = intervalBlocks(
    byCommunicator(times).get(requested.communicator) ?? [],
    byCommunicator(counts).get(requested.communicator) ?? [],
    blockGrid,
  );
  const refusal = splitRefusal(requested.collective);
  const verdict = intervalVerdict(communicator, own.length, [requested.collective], intervals, scope);
  const whole = intervals.blocks.filter((block) => block.durationsNs.every((one) => one !== null));
  const parts =
    refusal === null && own.length === communicator.ranks
      ? whole.flatMap((block) => waitTransfer(block.durationsNs) ?? [])
      : [];
  const indexOf = new Map(intervals.members.map((one, index) => [memberKey(one), index]));
  const ranks = own.slice(0, MOST_RANKS).map(({ member, values }): RankWire => {
    const index = indexOf.get(memberKey(member)) ?? -1;
    const split = parts.length > 0 && index !== -1;
    const inside = whole.map((block) => block.durationsNs[index] ?? 0);
    const measured = values.filter((value): value is number => value !== null);
    const location = locationOf(member, scope);
    return {
      ...location,
      workerId: null,
      traceId: null,
      execTimeUs: onGrid(values, grid),
      busbwGBs: onGrid(speeds.get(memberKey(member)) ?? [], grid),
      meanExecTimeUs: inside.length > 0 ? mean(inside) / 1000 : measured.length > 0 ? mean(measured) : null,
      meanWaitUs: split ? mean(parts.map(({ waits }) => waits[index] ?? 0)) / 1000 : null,
      meanTransferUs: split ? mean(parts.map(({ transfer }) => transfer)) / 1000 : null,
      lastShare: split ? parts.filter(({ lateRank }) => lateRank === index).length / parts.length : null,
      isLate: verdict.lateRank?.rank === location.rank,
    };
  });
  return {
    communicator: requested.communicator,
    name: communicator.name,
    collective: requested.collective,
    source: 'nccl-inspector',
    ranks: ranks.sort(byLateness),
    omitted: 0,
    startMs: grid.start,
    stepMs: grid.step,
    count: grid.count,
    ...verdict,
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
const onGrid = (values: readonly (number | null)[], grid: Grid): (number | null)[] =>
  Array.from({ length: grid.count }, (_, i) => values[i] ?? null);

/** How Inspector spells the sizes of one power of two in this communicator. */
async function spellings(
  runtime: Runtime,
  scope: CollectiveScope,
  choice: GaugeChoice,
  size: number,
  signal: AbortSignal,
): Promise<string[]> {
  const { data } = await runtime.prometheus.instant(
    {
      name: 'collective-message-sizes',
      promql: messageSizesQuery(choice, windowSeconds(scope.window)),
      time: instantOf(scope.window),
    },
    signal,
  );
  return data.flatMap(({ labels }) => {
    const parsed = parseMessageSize(labels.message_size ?? '');
    return parsed !== null && labels.message_size && sizeClass(parsed) === size ? [labels.message_size] : [];
  });
}
