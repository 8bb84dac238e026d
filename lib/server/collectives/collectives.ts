/** Use cases of /api/collectives and /api/collectives/ranks: spans and NCCL Inspector's gauges, each failing alone. */
import { latenessOf } from '../../chart/collectives/late-rank-sentence.ts';
import type { CollectivesWire, CommunicatorWire, RanksWire } from '../../contract/collectives.ts';
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import { largest } from '../../model/extremes.ts';
import { type Milliseconds, milliseconds, nanoseconds, nanosecondsToMilliseconds } from '../../model/units.ts';
import { timeWindow } from '../../model/window.ts';
import { alignedGrid, type Grid } from '../../sources/prometheus/decode.ts';
import { noticeOf } from '../alerts/alerts.ts';
import { ProblemError } from '../http/problem.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type CollectivesPart, collectivesPart } from './collective-bandwidth.ts';
import { gaugeRanks, isInspectorCommunicator, noGaugeRanks } from './collective-gauge-ranks.ts';
import { gaugeCollectives } from './collective-gauges.ts';
import { withBadPorts } from './collective-links.ts';
import { collectiveScope, nothingMeasured } from './collective-locations.ts';
import { isSpanCommunicator, spanCollectives, spanRanks } from './collective-spans.ts';

interface WindowQuery {
  readonly cluster?: string | undefined;
  readonly session?: string | undefined;
  readonly from: bigint;
  readonly to: bigint;
  readonly points: number;
}

const ADVICE = {
  spans:
    'Export one span per rank and operation with the attributes op_type, rank, nranks, nccl.seq and comm_id_hash to /v1/traces.',
  gauges:
    'Set NCCL_INSPECTOR_ENABLE=1 and NCCL_INSPECTOR_PROM_DUMP=1 (NCCL 2.30 or later), and let node_exporter collect its files.',
} as const;

/** Throws ProblemError `invalid-parameter` where the window is empty. */
function windowOf(query: WindowQuery) {
  if (query.to <= query.from)
    throw new ProblemError('invalid-parameter', 'parameter "to" must be after parameter "from"');
  const window = timeWindow(nanoseconds(query.from), nanoseconds(query.to));
  return {
    window,
    grid: gridOf(nanosecondsToMilliseconds(window.from), nanosecondsToMilliseconds(window.to), query.points),
  };
}

/** Whole seconds per point. The last point is the last step that begins before `to`. */
function gridOf(from: Milliseconds, to: Milliseconds, points: number): Grid {
  const step = milliseconds(Math.max(1000, Math.ceil((to - from) / points / 1000) * 1000));
  return alignedGrid(from, milliseconds(Math.max(from, to - 1)), step);
}

export async function collectives(runtime: Runtime, query: WindowQuery, signal: AbortSignal): Promise<CollectivesWire> {
  const { window, grid } = windowOf(query);
  const scope = await collectiveScope(runtime, query, window);
  const notices: SourceNoticeWire[] = [];
  const failing = { spans: false, prometheus: false };
  const orNotice = async (
    source: keyof typeof failing,
    requested: Promise<CollectivesPart>,
  ): Promise<CollectivesPart> => {
    try {
      return await requested;
    } catch (error) {
      if (signal.aborted) throw error;
      failing[source] = true;
      notices.push(noticeOf(source, error));
      return collectivesPart([], [], []);
    }
  };
  const [spans, gauges] = await Promise.all([
    orNotice('spans', spanCollectives(runtime, scope, grid, signal)),
    orNotice('prometheus', gaugeCollectives(runtime, scope, grid, signal)),
  ]);
  if (spans.communicators.length === 0 && gauges.communicators.length === 0) {
    if (!failing.spans) notices.push(nothingMeasured('spans', 'No span of a collective in this window.', ADVICE.spans));
    if (!failing.prometheus)
      notices.push(
        nothingMeasured('nccl-inspector', 'Prometheus has no gauge of NCCL Inspector in this window.', ADVICE.gauges),
      );
  }
  const lines = [...spans.lines, ...gauges.lines];
  const series = (of: 'median' | 'most') => ({
    startMs: grid.start as number,
    stepMs: grid.step as number,
    count: grid.count,
    series: lines.map((line) => ({ labels: { ...line.labels }, values: line[of] })),
  });
  const nobody: ReadonlySet<string> = new Set();
  const found = await withBadPorts(
    runtime,
    scope,
    [...spans.communicators, ...gauges.communicators],
    ({ id }) => spans.hosts.get(id) ?? gauges.hosts.get(id) ?? nobody,
    signal,
  );
  return {
    communicators: worstFirst(found),
    busbw: series('median'),
    wireBusbw: series('most'),
    notices: [...notices, ...spans.notices, ...gauges.notices],
  };
}

/**
 * What stands still first, and of that what says who never joined; the longest wait first, then the slowest transfer, then the
 * largest. Communicators of one name stay together, spans before gauges, so that which source measured a millisecond more does not
 * shuffle them.
 */
function worstFirst(communicators: readonly CommunicatorWire[]): CommunicatorWire[] {
  const named = (one: CommunicatorWire) => `${one.name} ${one.ranks}`;
  const byName = Map.groupBy(communicators, named);
  const ranked = new Map(
    [...byName].map(([name, group]) => [
      name,
      {
        stillness: largest(
          group.map(({ standstill }) => (standstill === null ? 0 : 1 + Math.min(1, standstill.silent.length))),
        ),
        lateness: largest(group.map(latenessOf)),
        slowness: largest(group.map(({ slowTransfer }) => 1 - (slowTransfer?.ratio ?? 1))),
      },
    ]),
  );
  const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return communicators
    .map((one) => ({ one, of: ranked.get(named(one)) ?? { stillness: 0, lateness: 0, slowness: 0 } }))
    .sort(
      ({ one: a, of: ofA }, { one: b, of: ofB }) =>
        ofB.stillness - ofA.stillness ||
        ofB.lateness - ofA.lateness ||
        ofB.slowness - ofA.slowness ||
        (b.ranks ?? 0) - (a.ranks ?? 0) ||
        text(a.name, b.name) ||
        text(b.source, a.source) ||
        text(a.id, b.id),
    )
    .map(({ one }) => one);
}

/** Throws ProblemError `not-found` for a communicator that neither source knows in this window. */
export async function collectiveRanks(
  runtime: Runtime,
  query: WindowQuery & {
    readonly communicator: string;
    readonly collective: string;
    readonly messageSize?: number | undefined;
  },
  signal: AbortSignal,
): Promise<RanksWire> {
  const { window, grid } = windowOf(query);
  const scope = await collectiveScope(runtime, query, window);
  const { communicator, collective } = query;
  const requested = { communicator, collective, messageSize: query.messageSize ?? null };
  const found = isSpanCommunicator(communicator)
    ? await spanRanks(runtime, scope, grid, requested, signal)
    : isInspectorCommunicator(communicator)
      ? await gaugeRanks(runtime, scope, grid, requested, signal).catch((error: unknown) => {
          // What has not come yet arrives later: an empty answer that says so, no failure.
          const notice = noticeOf('prometheus', error);
          if (signal.aborted || notice.kind !== 'late') throw error;
          return { ...noGaugeRanks(communicator, collective, grid), notices: [notice] };
        })
      : null;
  if (!found)
    throw new ProblemError(
      'not-found',
      `no ${collective} of communicator "${communicator}" in this window; /api/collectives lists what there is`,
    );
  return { notices: [], ...found };
}
