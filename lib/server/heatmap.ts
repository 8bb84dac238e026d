/**
 * Use case of GET /api/memory/heatmap: bytes used per node or GPU and bin, from Prometheus, with the kills of the
 * window. A bin holds the maximum of its samples, because a mean hides the moment that kills; bins are never narrower
 * than the scrape interval that the samples show, because a bin between two scrapes is no gap.
 */
import type { HeatmapWire } from '../contract/memory.ts';
import type { SourceNoticeWire } from '../contract/wire-values.ts';
import type { Series, SeriesGrid } from '../model/series.ts';
import { type Milliseconds, milliseconds, nanoseconds, nanosecondsToMilliseconds } from '../model/units.ts';
import { inSlices } from '../sources/http/event-loop-turns.ts';
import { labelKey } from '../sources/prometheus/decode.ts';
import {
  GPU_FAMILIES,
  gpuLabels,
  HOST_FAMILY,
  type MemoryFamily,
  memoryValues,
  NODE_FAMILIES,
  nodeLabels,
} from '../sources/prometheus/memory-metrics.ts';
import { type NodeAddressRow, nodeAddresses } from '../store/queries/node-addresses.ts';
import { sessionClusters } from '../store/queries/sessions.ts';
import { noticeOf } from './alerts.ts';
import { type MeasuredRow, nameGpuRows, nameNodeRows } from './heatmap-rows.ts';
import { listOomKills } from './oom-kills.ts';
import { ProblemError } from './problem.ts';
import type { Runtime } from './runtime.ts';

export interface HeatmapQuery {
  readonly by: 'node' | 'gpu';
  readonly cluster?: string | undefined;
  readonly session?: string | undefined;
  /** ns */
  readonly from: bigint;
  readonly to: bigint;
  readonly bins: number;
}

const STEPS_MS = [5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400].map(
  (seconds) => seconds * 1000,
);
const MOST_ROWS = 2000;
const CAPACITY_POINTS = 60;
const BY_NAME = new Intl.Collator('en', { numeric: true });

interface Bins {
  readonly start: Milliseconds;
  readonly step: Milliseconds;
  readonly count: number;
  /** End of the window; the last bin may end later. */
  readonly to: Milliseconds;
}

/** Smallest round step of at least `wantedMs`, ms. */
const roundStep = (wantedMs: number): Milliseconds =>
  milliseconds(STEPS_MS.find((step) => step >= wantedMs) ?? Math.ceil(wantedMs / 86_400_000) * 86_400_000);

function binsOf(from: Milliseconds, to: Milliseconds, step: Milliseconds): Bins {
  const first = Math.floor(from / step);
  return { start: milliseconds(first * step), step, count: Math.max(1, Math.ceil(to / step) - first), to };
}

/** Throws ProblemError `invalid-parameter` where the window is empty. */
export async function heatmap(runtime: Runtime, query: HeatmapQuery, signal: AbortSignal): Promise<HeatmapWire> {
  const [from, to] = [query.from, query.to].map((time) => nanosecondsToMilliseconds(nanoseconds(time)));
  if (from === undefined || to === undefined || to <= from)
    throw new ProblemError('invalid-parameter', 'parameter "to" must be later than "from"');
  const notices: SourceNoticeWire[] = [];
  const [measured, nodes, clusters, kills] = await Promise.all([
    measure(runtime, query, from, to, notices, signal),
    runtime.engine.select(nodeAddresses, { session: query.session ?? '' }, { signal }),
    sessionClusters(runtime.engine),
    // A node's kills say nothing of a GPU's memory.
    query.by === 'node'
      ? listOomKills(
          runtime,
          { cluster: query.cluster, session: query.session, from: query.from, to: query.to },
          signal,
        )
      : null,
  ]);
  const { bins } = measured;
  const there = nodes.filter((node) => livedIn(node, query.from, query.to));
  const named = await (query.by === 'gpu' ? nameGpuRows(measured.rows, there) : nameNodeRows(measured.rows, there));
  const chosen = named
    .map((row) => ({ ...row, cluster: (row.session && clusters.get(row.session)) || row.cluster }))
    .filter(
      (row) =>
        (!query.cluster || row.cluster === query.cluster) &&
        (!query.session || !row.session || row.session === query.session),
    );
  // Sorting by language is slow: of very many rows the first are chosen by code points.
  const rows = (
    chosen.length > MOST_ROWS
      ? chosen.sort((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0)).slice(0, MOST_ROWS)
      : chosen
  ).sort((a, b) => BY_NAME.compare(a.label, b.label) || BY_NAME.compare(a.id, b.id));
  if (chosen.length > MOST_ROWS)
    notices.push({
      source: 'prometheus',
      kind: 'partial',
      message: `${chosen.length} rows were measured; the first ${MOST_ROWS} by name are shown`,
      whatToDo: 'Choose one cluster.',
    });
  if (rows.length === 0 && notices.length === 0) notices.push(nothingMeasured(query.by));
  const shown = rows;
  const byNode = new Map<string, string>();
  const byIp = new Map<string, string>();
  for (const { id, nodeId, nodeIp } of shown) {
    if (nodeId !== null && !byNode.has(nodeId)) byNode.set(nodeId, id);
    if (nodeIp !== null && !byIp.has(nodeIp)) byIp.set(nodeIp, id);
  }
  return {
    by: query.by,
    startMs: bins.start,
    stepMs: bins.step,
    count: bins.count,
    rows: shown,
    kills: (kills?.kills ?? []).map(({ timeNs, name, kind, nodeId, nodeIp }) => ({
      timeNs,
      name,
      kind,
      rowId: (nodeId === null ? undefined : byNode.get(nodeId)) ?? byIp.get(nodeIp ?? '') ?? null,
    })),
    notices: [
      ...notices,
      ...(kills?.notices ?? []).filter((one) => !notices.some((known) => known.source === one.source)),
    ],
  };
}

const livedIn = (node: NodeAddressRow, from: bigint, to: bigint): boolean =>
  (node.start_ns === null || BigInt(node.start_ns) < to) && (node.end_ns === null || BigInt(node.end_ns) >= from);

const nothingMeasured = (by: 'node' | 'gpu'): SourceNoticeWire =>
  by === 'node'
    ? {
        source: 'prometheus',
        kind: 'nothing-measured',
        message: 'no memory of a node was measured in this window (ray_node_mem_used, node_memory_MemAvailable_bytes)',
        whatToDo: "Let Prometheus scrape Ray's metrics endpoints, or node_exporter on every host.",
      }
    : {
        source: 'prometheus',
        kind: 'nothing-measured',
        message:
          'no memory of a GPU was measured in this window (DCGM_FI_DEV_FB_USED, ray_node_gram_used, gpu_used_vram)',
        whatToDo: "Let Prometheus scrape dcgm-exporter, device-metrics-exporter (AMD) or Ray's metrics endpoints.",
      };

/** Families are tried in their order; a source that fails becomes a notice. */
async function measure(
  runtime: Runtime,
  query: HeatmapQuery,
  from: Milliseconds,
  to: Milliseconds,
  notices: SourceNoticeWire[],
  signal: AbortSignal,
): Promise<{ bins: Bins; rows: MeasuredRow[] }> {
  const bins = binsOf(from, to, roundStep((to - from) / query.bins));
  try {
    const first = await familiesOf(runtime, query.by, bins, notices, signal);
    const apart = scrapeBins(first.map((row) => row.values));
    if (apart < 2) return { bins, rows: first };
    const wider = binsOf(from, to, roundStep(apart * bins.step));
    return { bins: wider, rows: await familiesOf(runtime, query.by, wider, notices, signal) };
  } catch (error) {
    if (signal.aborted) throw error;
    notices.push(noticeOf('prometheus', error));
    return { bins, rows: [] };
  }
}

/**
 * How many bins lie between one measured bin and the next, as a rule: nine of ten are no further apart (scrapes every
 * 15 s fall into 10 s bins 1 or 2 apart), or the usual distance where there are few. Above 1 the bins are narrower than
 * the scrapes. Farther apart than a dozen is an outage, not a scrape interval.
 */
export function scrapeBins(rows: readonly (readonly (number | null)[])[]): number {
  const times = new Map<number, number>();
  let total = 0;
  for (const values of rows) {
    let last = -1;
    values.forEach((value, i) => {
      if (value === null) return;
      if (last >= 0 && i - last <= 12) {
        times.set(i - last, (times.get(i - last) ?? 0) + 1);
        total++;
      }
      last = i;
    });
  }
  const usual = [...times].reduce((best, one) => (one[1] > best[1] ? one : best), [1, 0])[0];
  if (total < 30) return usual;
  let within = 0;
  for (let apart = 1; apart <= 12; apart++) {
    within += times.get(apart) ?? 0;
    if (within >= 0.9 * total) return apart;
  }
  return usual;
}

async function familiesOf(
  runtime: Runtime,
  by: 'node' | 'gpu',
  bins: Bins,
  notices: SourceNoticeWire[],
  signal: AbortSignal,
): Promise<MeasuredRow[]> {
  const ask = (family: MemoryFamily) => familyRows(runtime, family, by, bins, notices, signal);
  if (by === 'gpu') return (await Promise.all(GPU_FAMILIES.map(ask))).flat();
  const hosts = ask(HOST_FAMILY);
  hosts.catch(() => {});
  for (const family of NODE_FAMILIES) {
    const rows = await ask(family);
    if (rows.length > 0) return [...rows, ...(await hosts)];
  }
  return hosts;
}

async function familyRows(
  runtime: Runtime,
  family: MemoryFamily,
  by: 'node' | 'gpu',
  { start, step, count, to }: Bins,
  notices: SourceNoticeWire[],
  signal: AbortSignal,
): Promise<MeasuredRow[]> {
  const ask = async (what: string, promql: string, stepMs: Milliseconds): Promise<SeriesGrid> => {
    // A point at t holds what came before it: bin i is read at its end.
    const window = { from: milliseconds(start + stepMs), to: milliseconds(start + step * count), step: stepMs };
    const name = `memory-${by}-${what}`;
    const answer = await runtime.prometheus.range({ name, promql, ...window }, signal);
    for (const message of answer.warnings)
      if (!notices.some((known) => known.message === message))
        notices.push({ source: 'prometheus', kind: 'partial', message, whatToDo: null });
    return answer.data;
  };
  const coarse = milliseconds(step * Math.max(1, Math.round(count / CAPACITY_POINTS)));
  // Coarse points miss what began after the last of them.
  const newest = { name: `memory-${by}-newest-capacity`, promql: family.total, time: to };
  const [used, total, atEnd] = await Promise.all([
    ask('used', family.used(`${step}ms`), step),
    ask('capacity', family.total, coarse),
    runtime.prometheus.instant(newest, signal),
  ]);
  const capacity = new Map<string, number>();
  const ofEnd = atEnd.data.map(({ labels, value }) => ({ labels, values: [value] }));
  const learn = (series: Series): void => {
    const most = memoryValues(series, family).reduce<number>((known, value) => Math.max(known, value ?? 0), 0);
    if (most > 0) capacity.set(sameTarget(series.labels), most);
  };
  await inSlices(ofEnd, learn);
  await inSlices(total.series, learn);
  const rows: MeasuredRow[] = [];
  await inSlices(used.series, (series) => {
    const values = memoryValues(series, family);
    if (values.every((value) => value === null)) return;
    rows.push({
      ...(by === 'gpu'
        ? gpuLabels(series.labels)
        : { ...nodeLabels(series.labels), index: null, uuid: null, slice: null }),
      source: family.source,
      capacity: capacity.get(sameTarget(series.labels)) ?? null,
      values,
    });
  });
  return rows;
}

/** Metrics of one thing carry the same labels but for the metric's name. */
const sameTarget = ({ __name__: _, ...labels }: Readonly<Record<string, string>>): string => labelKey(labels);
