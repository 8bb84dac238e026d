/** Collectives out of spans: every operation of every rank, so that wait and transfer can be told apart. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { busBandwidth } from '../../analysis/bus-bandwidth.ts';
import { SPLITTABLE, splitRefusal } from '../../analysis/wait-transfer.ts';
import type { CommunicatorWire, RanksWire, RankWire } from '../../contract/collectives.ts';
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import { bytesPerSecond, millisecondsToNanoseconds } from '../../model/units.ts';
import type { Grid } from '../../sources/prometheus/decode.ts';
import { collectiveGaps } from '../../store/queries/collective-hang.ts';
import {
  collectiveBandwidth,
  collectiveBlocks,
  collectiveCommunicators,
  collectiveLocations,
  collectiveRanks,
  collectiveWaits,
  largestCommunicators,
} from '../../store/queries/collectives.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type BandwidthLines, bandwidthOf, type CollectivesPart, collectivesPart } from './collective-bandwidth.ts';
import { standstills } from './collective-hang.ts';
import { byLateness, type LocationWire, MOST_BLOCKS, nowhere } from './collective-lateness.ts';
import { type CollectiveScope, gpuIndexes } from './collective-locations.ts';
import { incompleteNotice, MOST_JUDGED, verdictOf } from './span-verdict.ts';

const PREFIX = 'spans:';

export const isSpanCommunicator = (id: string): boolean => id.startsWith(PREFIX);

/** Communicators of one answer, and ranks of all of them together. */
const MOST_COMMUNICATORS = 500;
const MOST_RANKS_TOGETHER = 200_000;
/** Values of one grid of an answer, whatever many lines or ranks and points they are. */
const MOST_VALUES = 500_000;
/** Ranks of one communicator in an answer. */
const MOST_RANKS = 4_096;
/** Notices about single communicators. */
const MOST_NOTICES = 20;

function params(
  scope: CollectiveScope,
  grid: Grid,
  narrowed: { comms?: readonly string[]; op?: string; size?: number } = {},
) {
  const perValue = Math.max(1, Math.floor(MOST_VALUES / Math.max(1, grid.count)));
  return {
    from: scope.window.from,
    to: scope.window.to,
    start: millisecondsToNanoseconds(grid.start),
    step: millisecondsToNanoseconds(grid.step),
    comms: narrowed.comms ?? [],
    op: narrowed.op ?? '',
    sizeClass: narrowed.size ?? -1,
    everywhere: scope.nodes === null ? 1 : 0,
    nodes: scope.nodes?.ids ?? [],
    hosts: scope.nodes?.hosts ?? [],
    blocks: MOST_BLOCKS,
    judged: MOST_JUDGED,
    lines: perValue,
    ranks: Math.min(MOST_RANKS, perValue),
    ops: [...SPLITTABLE],
  };
}

/** GB/s of bus bandwidth from B/s of algorithm bandwidth. */
function busGigabytes(op: string, ranks: number, algbw: number): number | null {
  const busbw = busBandwidth(op, ranks, bytesPerSecond(algbw));
  return busbw === null ? null : busbw / 1e9;
}

/** Rejects with StoreError. */
export async function spanCollectives(
  runtime: Runtime,
  scope: CollectiveScope,
  grid: Grid,
  signal: AbortSignal,
): Promise<CollectivesPart> {
  const all = params(scope, grid);
  const shown = await runtime.engine.select(
    largestCommunicators,
    { ...all, most: MOST_COMMUNICATORS, ranks: MOST_RANKS_TOGETHER },
    { signal },
  );
  if (shown.length === 0) return collectivesPart([], [], []);
  const total = shown[0]?.all ?? 0;
  const requested = params(scope, grid, total > shown.length ? { comms: shown.map(({ comm }) => comm) } : {});
  const [described, bandwidth, blocks, locations, gaps, gpus] = await Promise.all([
    runtime.engine.select(collectiveCommunicators, requested, { signal }),
    runtime.engine.select(collectiveBandwidth, requested, { signal }),
    runtime.engine.select(collectiveBlocks, requested, { signal }),
    runtime.engine.select(collectiveLocations, requested, { signal }),
    runtime.engine.select(collectiveGaps, requested, { signal }),
    gpuIndexes(runtime, scope.window, signal),
  ]);
  const locationsOf = Map.groupBy(locations, (row) => row.comm);
  const blocksOf = Map.groupBy(blocks, (row) => row.comm);
  const still = await standstills(
    runtime,
    gaps,
    scope.window.to,
    (comm) =>
      (locationsOf.get(comm) ?? []).map((row) => ({
        place: locationWire(row, scope, gpus),
        gpuUuid: row.gpu_uuid,
        workerId: row.worker_id,
      })),
    signal,
  );
  const ranksOf = new Map(described.map((row) => [row.comm, row.nranks]));
  const lines = bandwidthLines(bandwidth, ranksOf, grid);
  const linesOf = Map.groupBy(lines, (line) => line.labels.communicator);
  const communicators: CommunicatorWire[] = [];
  const notices: SourceNoticeWire[] = [];
  if (total > shown.length)
    notices.push({
      source: 'spans',
      kind: 'partial',
      message: `${total.toLocaleString('en-US')} communicators sent spans in this window; the ${shown.length.toLocaleString('en-US')} with the most ranks and operations are shown.`,
      whatToDo: 'Choose one cluster, or a shorter window.',
    });
  for (const [comm, rows] of Map.groupBy(described, (row) => row.comm)) {
    await nextTurn();
    const here = locationsOf.get(comm) ?? [];
    const sum = (of: 'operations' | 'complete' | 'ambiguous') => rows.reduce((added, row) => added + row[of], 0);
    const one: CommunicatorWire = {
      id: PREFIX + comm,
      name: rows[0]?.name || comm,
      source: 'spans',
      cluster: clusterOf(here, scope),
      ranks: rows[0]?.nranks || null,
      reporting: here.length,
      nodes: rows.reduce((most, row) => Math.max(most, row.nodes), 0) || null,
      collectives: rows.map((row) => row.op),
      messageSizesBytes: [...new Set(rows.flatMap((row) => row.sizes))].sort((a, b) => a - b),
      operations: sum('operations'),
      firstNs: earliest(rows.map(({ first_ns }) => first_ns)),
      ...bandwidthOf(PREFIX + comm, linesOf.get(PREFIX + comm) ?? [], grid),
      badPorts: [],
      frozenSinceNs: null,
      standstill: still.get(comm) ?? null,
      ...verdictOf(
        blocksOf.get(comm) ?? [],
        rows,
        here.map((row) => locationWire(row, scope, gpus)),
      ),
    };
    communicators.push(one);
    if (notices.length < MOST_NOTICES) notices.push(...incompleteNotice(one, rows));
  }
  const hosts = new Map<string, Set<string>>();
  for (const row of locations) {
    const id = PREFIX + row.comm;
    hosts.set(id, (hosts.get(id) ?? new Set()).add(row.host));
  }
  return collectivesPart(communicators, lines, notices, hosts);
}

/** Of ns as decimal text; null of nothing. */
const earliest = (times: readonly string[]): string | null =>
  [...times].sort((a, b) => a.length - b.length || (a < b ? -1 : 1))[0] ?? null;

/** Of the first rank whose node is known. */
function clusterOf(rows: readonly { node_id: string; host: string }[], scope: CollectiveScope): string | null {
  for (const row of rows) {
    const cluster = scope.nodeOf(row.node_id || row.host)?.cluster;
    if (cluster) return cluster;
  }
  return null;
}

function bandwidthLines(
  rows: readonly {
    comm: string;
    op: string;
    size_class: number;
    bin: number;
    least: number;
    median: number;
    most: number;
  }[],
  ranksOf: ReadonlyMap<string, number>,
  grid: Grid,
): BandwidthLines[] {
  const lines = new Map<string, BandwidthLines>();
  const empty = () => new Array<number | null>(grid.count).fill(null);
  for (const row of rows) {
    const labels = { communicator: PREFIX + row.comm, collective: row.op, message_size: String(row.size_class) };
    const key = JSON.stringify(labels);
    const line = lines.get(key) ?? { labels, least: empty(), median: empty(), most: empty() };
    lines.set(key, line);
    if (row.bin < 0 || row.bin >= grid.count) continue;
    for (const name of ['least', 'median', 'most'] as const)
      line[name][row.bin] = busGigabytes(row.op, ranksOf.get(row.comm) ?? 0, row[name]);
  }
  return [...lines.values()].filter((line) => line.median.some((value) => value !== null));
}

function locationWire(
  row: { rank: number; host: string; gpu_uuid: string; gpu_index: string; global_rank: string; node_id: string },
  scope: CollectiveScope,
  gpus: ReadonlyMap<string, number>,
): LocationWire {
  const node = scope.nodeOf(row.node_id) ?? scope.nodeOf(row.host);
  const gpuIndex = row.gpu_index === '' ? (gpus.get(row.gpu_uuid) ?? null) : Number(row.gpu_index);
  return {
    rank: String(row.rank),
    globalRank: row.global_rank === '' || row.global_rank === String(row.rank) ? null : row.global_rank,
    host: row.host || node?.name || null,
    gpu: gpuIndex === null ? row.gpu_uuid || null : `GPU${gpuIndex}`,
    gpuIndex,
    nodeIp: node?.ip || null,
    nodeId: node?.nodeId ?? (row.node_id || null),
    session: node?.session ?? null,
  };
}

/** Ranks of one communicator and collective. Null where there is no span of it. */
export async function spanRanks(
  runtime: Runtime,
  scope: CollectiveScope,
  grid: Grid,
  requested: { communicator: string; collective: string; messageSize: number | null },
  signal: AbortSignal,
): Promise<Omit<RanksWire, 'notices'> | null> {
  const narrowed = {
    comms: [requested.communicator.slice(PREFIX.length)],
    op: requested.collective,
    ...(requested.messageSize === null ? {} : { size: requested.messageSize }),
  };
  const bound = params(scope, grid, narrowed);
  const [described, ranks, waits, blocks, locations, gpus] = await Promise.all([
    runtime.engine.select(collectiveCommunicators, bound, { signal }),
    runtime.engine.select(collectiveRanks, bound, { signal }),
    runtime.engine.select(collectiveWaits, bound, { signal }),
    runtime.engine.select(collectiveBlocks, bound, { signal }),
    runtime.engine.select(collectiveLocations, bound, { signal }),
    gpuIndexes(runtime, scope.window, signal),
  ]);
  const [head] = described;
  if (!head) return null;
  const placed = locations.map((row) => locationWire(row, scope, gpus));
  const verdict = verdictOf(blocks, described, placed);
  const split = splitRefusal(requested.collective) === null;
  const locationOf = new Map(placed.map((location) => [location.rank, location]));
  const rowOf = new Map(locations.map((row) => [row.rank, row]));
  const waitOf = new Map(waits.map((row) => [row.rank, row]));
  const rows = ranks.map((row): RankWire => {
    const location = locationOf.get(String(row.rank)) ?? nowhere(String(row.rank));
    const at = rowOf.get(row.rank);
    const wait = split ? waitOf.get(row.rank) : undefined;
    const spread = (values: readonly (number | null)[]): (number | null)[] => {
      const all = new Array<number | null>(grid.count).fill(null);
      row.bins.forEach((bin, i) => {
        if (bin >= 0 && bin < grid.count) all[bin] = values[i] ?? null;
      });
      return all;
    };
    return {
      ...location,
      workerId: at?.worker_id || null,
      traceId: at?.trace_id || null,
      execTimeUs: spread(row.exec_us),
      busbwGBs: spread(row.speed).map((speed) =>
        speed === null ? null : busGigabytes(requested.collective, head.nranks, speed),
      ),
      meanExecTimeUs: row.mean_us,
      meanWaitUs: wait?.wait_us ?? null,
      meanTransferUs: wait?.transfer_us ?? null,
      lastShare: wait ? wait.last / wait.operations : null,
      isLate: verdict.lateRank?.rank === location.rank,
    };
  });
  return {
    communicator: requested.communicator,
    name: head.name,
    collective: requested.collective,
    source: 'spans',
    ranks: rows.sort(byLateness),
    omitted: Math.max(0, (ranks[0]?.all ?? 0) - ranks.length),
    startMs: grid.start,
    stepMs: grid.step,
    count: grid.count,
    ...verdict,
  };
}
