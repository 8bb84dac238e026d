/**
 * Collectives out of NCCL Inspector's gauges: means over dump intervals, without ranks. The GPU with the shortest mean time
 * waits least, so it is the late one; one with a low bandwidth waits for others and is never accused.
 */
import { SPLITTABLE } from '../../analysis/wait-transfer.ts';
import type { CommunicatorWire } from '../../contract/collectives.ts';
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import type { SeriesGrid } from '../../model/series.ts';
import type { Milliseconds } from '../../model/units.ts';
import { quotedShort } from '../../schema/issue-sentence.ts';
import { inSlices } from '../../sources/http/event-loop-turns.ts';
import {
  bandwidthQuery,
  decodeCommunicator,
  EXEC_TIME,
  execTimeQuery,
  type GaugeChoice,
  gaugeCountQuery,
  type InspectorCommunicator,
  inspectorId,
  membersQuery,
  nodeOf,
} from '../../sources/nccl/inspector-metrics.ts';
import { parseMessageSize, sizeClass } from '../../sources/nccl/message-size.ts';
import type { Grid } from '../../sources/prometheus/decode.ts';
import { grouped } from '../clusters/known-clusters.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type BandwidthLines, bandwidthOf, type CollectivesPart, collectivesPart } from './collective-bandwidth.ts';
import { frozenSince } from './collective-frozen.ts';
import {
  asker,
  blockGridOf,
  byCommunicator,
  inScope,
  intervalBlocks,
  intervalVerdict,
  memberKey,
  memberOf,
} from './collective-intervals.ts';
import { type CollectiveScope, instantOf, windowSeconds } from './collective-locations.ts';

/** Of one answer. */
const MOST_WARNINGS = 20;

/** Rejects with the error of Prometheus. */
export async function gaugeCollectives(
  runtime: Runtime,
  scope: CollectiveScope,
  grid: Grid,
  signal: AbortSignal,
): Promise<CollectivesPart> {
  const warnings = new Set<string>();
  const { members, unread } = await membersOf(runtime, scope, signal);
  if (unread > 0)
    warnings.add(
      `${unread} series of ${EXEC_TIME} name no communicator (comm_name, nranks, n_nodes) and were left out`,
    );
  if (members.size === 0) return collectivesPart([], [], partial(warnings));
  const ask = asker(runtime, scope, grid, warnings, signal);
  const blockGrid = blockGridOf(scope);
  const askBlocks = asker(runtime, scope, blockGrid, warnings, signal);
  const choice: GaugeChoice = { collectives: [...SPLITTABLE] };
  const [least, median, most, exec, counts, frozen] = await Promise.all([
    ask('collective-bandwidth-least', bandwidthQuery(0)),
    ask('collective-bandwidth', bandwidthQuery(0.5)),
    ask('collective-bandwidth-most', bandwidthQuery(1)),
    askBlocks('collective-exec-time', execTimeQuery(choice)),
    askBlocks('collective-gauges', gaugeCountQuery(choice)),
    frozenSince(runtime, scope, signal),
  ]);
  const lines = await bandwidthLines({ least, median, most }, scope, grid, warnings);
  const linesOf = grouped(lines, (line) => line.labels.communicator);
  const timesOf = byCommunicator(exec);
  const countsOf = byCommunicator(counts);
  const notices: SourceNoticeWire[] = partial(warnings);
  const communicators: CommunicatorWire[] = [];
  await inSlices(members, ([id, { communicator, gpus, instances }]) => {
    const own = linesOf.get(id) ?? [];
    const collectives = [...new Set(own.map((line) => line.labels.collective))].sort();
    const blocks = intervalBlocks(timesOf.get(id) ?? [], countsOf.get(id) ?? [], blockGrid);
    const stopped = frozen(instances, blocks.unchangedSinceMs);
    if (stopped) notices.push(frozenNotice(communicator, stopped, instantOf(scope.window)));
    communicators.push({
      id,
      name: communicator.name,
      source: 'nccl-inspector',
      cluster: communicator.cluster,
      ranks: communicator.ranks,
      reporting: gpus.size,
      nodes: communicator.nodes,
      collectives,
      messageSizesBytes: [...new Set(own.map((line) => Number(line.labels.message_size)))].sort((a, b) => a - b),
      operations: null,
      firstNs: null,
      ...bandwidthOf(id, own, grid),
      standstill: null,
      badPorts: [],
      frozenSinceNs: stopped ? String(BigInt(Math.round(stopped.sinceMs)) * 1_000_000n) : null,
      ...intervalVerdict(communicator, gpus.size, collectives, blocks, scope),
    });
  });
  const hosts = new Map([...members].map(([id, one]) => [id, one.hosts] as const));
  return collectivesPart(communicators, lines, notices, hosts);
}

const partial = (warnings: ReadonlySet<string>): SourceNoticeWire[] =>
  [...warnings].map((message) => ({ source: 'prometheus', kind: 'partial', message, whatToDo: null }));

/** GPUs, hosts and scrape targets of every communicator seen in the window, by id; and how many series name none. */
async function membersOf(runtime: Runtime, scope: CollectiveScope, signal: AbortSignal) {
  const { data } = await runtime.prometheus.instant(
    {
      name: 'collective-members',
      promql: membersQuery(windowSeconds(scope.window)),
      time: instantOf(scope.window),
    },
    signal,
  );
  type Members = {
    communicator: InspectorCommunicator;
    gpus: Set<string>;
    hosts: Set<string>;
    instances: Set<string>;
  };
  const members = new Map<string, Members>();
  let unread = 0;
  for (const { labels } of data) {
    const communicator = decodeCommunicator(labels);
    if (!communicator) unread += 1;
    if (!communicator || !inScope(communicator, scope)) continue;
    const id = inspectorId(communicator);
    const entry = members.get(id) ?? { communicator, gpus: new Set(), hosts: new Set(), instances: new Set() };
    members.set(id, entry);
    entry.gpus.add(memberKey(memberOf(labels)));
    entry.hosts.add(nodeOf(labels));
    if (labels.instance) entry.instances.add(labels.instance);
  }
  return { members, unread };
}

/** Spellings of one power of two are one line: their mean. */
async function bandwidthLines(
  of: { least: SeriesGrid; median: SeriesGrid; most: SeriesGrid },
  scope: CollectiveScope,
  grid: Grid,
  warnings: Set<string>,
): Promise<BandwidthLines[]> {
  const lines = new Map<string, BandwidthLines & { counts: Record<'least' | 'median' | 'most', number[]> }>();
  const empty = () => new Array<number | null>(grid.count).fill(null);
  const zeros = () => new Array<number>(grid.count).fill(0);
  for (const name of ['least', 'median', 'most'] as const)
    await inSlices(of[name].series, ({ labels, values }) => {
      const communicator = decodeCommunicator(labels);
      const size = parseMessageSize(labels.message_size ?? '');
      if (communicator && (size === null || !labels.collective) && warnings.size < MOST_WARNINGS)
        warnings.add(
          `message size ${quotedShort(labels.message_size ?? '')} of ${quotedShort(labels.collective ?? '')} in ${quotedShort(communicator.name)} could not be read and was left out`,
        );
      if (!communicator || size === null || !labels.collective || !inScope(communicator, scope)) return;
      const own = {
        communicator: inspectorId(communicator),
        collective: labels.collective,
        message_size: String(sizeClass(size)),
      };
      const key = JSON.stringify(own);
      const line = lines.get(key) ?? {
        labels: own,
        least: empty(),
        median: empty(),
        most: empty(),
        counts: { least: zeros(), median: zeros(), most: zeros() },
      };
      lines.set(key, line);
      const counts = line.counts[name];
      values.forEach((value, i) => {
        if (value === null || i >= grid.count) return;
        const count = counts[i] ?? 0;
        line[name][i] = ((line[name][i] ?? 0) * count + value) / (count + 1);
        counts[i] = count + 1;
      });
    });
  return [...lines.values()].map(({ labels, least, median, most }) => ({ labels, least, median, most }));
}

function frozenNotice(
  communicator: InspectorCommunicator,
  stopped: { sinceMs: number; told: 'file' | 'values' },
  now: Milliseconds,
): SourceNoticeWire {
  const minutes = Math.max(1, Math.round((now - stopped.sinceMs) / 60_000));
  return {
    source: 'nccl-inspector',
    kind: 'stale',
    message:
      stopped.told === 'file'
        ? `The gauges of ${communicator.name} are frozen: their files were last written ${minutes} min ago. What is shown since is the last value, not a measurement.`
        : `The gauges of ${communicator.name} have not changed for ${minutes} min. What is shown since is the last value.`,
    whatToDo:
      'Inspector writes only when an operation completes: the job hangs, has ended, or Inspector stopped. Look at its logs and at last completed operations.',
  };
}
