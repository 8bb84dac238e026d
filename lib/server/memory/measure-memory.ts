/**
 * What Prometheus measured of the memory of nodes or GPUs in a window, as sightings on bins. A bin holds the maximum of its samples;
 * bins are never narrower than the scrapes. A source that fails becomes a notice.
 */
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import type { GpuEvidence, PodName } from '../../model/identity/evidence.ts';
import type { Sighting } from '../../model/identity/sighting.ts';
import type { LabelSet, Series, SeriesGrid } from '../../model/series.ts';
import { type Milliseconds, milliseconds } from '../../model/units.ts';
import { inSlices } from '../../sources/http/event-loop-turns.ts';
import { labelKey } from '../../sources/prometheus/decode.ts';
import {
  GPU_FAMILIES,
  HOST_FAMILY,
  hasBlank,
  type MemoryFamily,
  memoryMetricNamesPath,
  memoryValues,
  NODE_FAMILIES,
  READ_METRICS,
  readGpuMetricNames,
  unreadHostMetrics,
} from '../../sources/prometheus/memory-metrics.ts';
import { GPU_LABELS, gpuEvidence, holdersOf } from '../../sources/prometheus/target-labels.ts';
import { noticeOf } from '../alerts/alerts.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { scrapeBins } from './scrape-bins.ts';

/** One series; of a node without what names a GPU. */
export interface MemorySighting extends Sighting<GpuEvidence> {
  /** Of what exporters of devices measure: the labels that tell whom the GPU was given to are looked up by it. */
  readonly key: string;
}

export interface Bins {
  readonly start: Milliseconds;
  readonly step: Milliseconds;
  readonly count: number;
  /** End of the window; the last bin may end later. */
  readonly to: Milliseconds;
}

export interface MeasuredMemory {
  readonly bins: Bins;
  readonly sightings: readonly MemorySighting[];
  /** Pods that a GPU was given to, by the key of its sighting. */
  readonly holders: ReadonlyMap<string, readonly PodName[]>;
}

const STEPS_MS = [5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400].map(
  (seconds) => seconds * 1000,
);
const CAPACITY_POINTS = 12;
const MORE_CAPACITY_POINTS = 60;

/** Smallest round step of at least `wantedMs`, ms. */
const roundStep = (wantedMs: number): Milliseconds =>
  milliseconds(STEPS_MS.find((step) => step >= wantedMs) ?? Math.ceil(wantedMs / 86_400_000) * 86_400_000);

function binsOf(from: Milliseconds, to: Milliseconds, step: Milliseconds): Bins {
  const first = Math.floor(from / step);
  return { start: milliseconds(first * step), step, count: Math.max(1, Math.ceil(to / step) - first), to };
}

interface Question {
  readonly runtime: Pick<Runtime, 'prometheus'>;
  readonly by: 'node' | 'gpu';
  readonly notices: SourceNoticeWire[];
  readonly signal: AbortSignal;
}

/** `most`: bins wanted at most. Rejects only where `signal` does. */
export async function measureMemory(
  question: Question,
  from: Milliseconds,
  to: Milliseconds,
  most: number,
): Promise<MeasuredMemory> {
  const { by, notices, signal } = question;
  const bins = binsOf(from, to, roundStep((to - from) / most));
  try {
    const families = by === 'gpu' ? await gpuFamilies(question, from, to) : [];
    const first = await familiesOf(question, families, bins);
    if (first.length === 0 && by === 'node') await sayUnreadHosts(question, from, to);
    const distance = scrapeBins(first.map((sighting) => sighting.values));
    if (distance < 2) return { bins, sightings: first, holders: await holders(question, families, first, bins) };
    const wider = binsOf(from, to, roundStep(distance * bins.step));
    const sightings = await familiesOf(question, families, wider);
    return { bins: wider, sightings, holders: await holders(question, families, sightings, wider) };
  } catch (error) {
    if (signal.aborted) throw error;
    notices.push(noticeOf('prometheus', error));
    return { bins, sightings: [], holders: new Map() };
  }
}

/** The known families, and those that Prometheus has under a prefix; says what else looks like GPU memory. */
async function gpuFamilies(
  { runtime, notices, signal }: Question,
  from: Milliseconds,
  to: Milliseconds,
): Promise<readonly MemoryFamily[]> {
  try {
    const { prefixed, unread } = readGpuMetricNames(
      await runtime.prometheus.api(memoryMetricNamesPath(from, to), signal),
    );
    if (unread.length > 0)
      notices.push({
        source: 'prometheus',
        kind: 'partial',
        message: `Metrics that look like GPU memory were found but are not recognised: ${unread.join(', ')}.`,
        whatToDo: READ_METRICS.gpu.sentence,
      });
    return [...GPU_FAMILIES, ...prefixed];
  } catch (error) {
    if (signal.aborted) throw error;
    // Not every server lists names; one that is down is said by the questions that follow.
    return GPU_FAMILIES;
  }
}

/** What a Prometheus has that measures hosts, but not in a way that is read. */
async function sayUnreadHosts(
  { runtime, notices, signal }: Question,
  from: Milliseconds,
  to: Milliseconds,
): Promise<void> {
  try {
    const unread = unreadHostMetrics(await runtime.prometheus.api(memoryMetricNamesPath(from, to), signal));
    if (unread.length > 0)
      notices.push({
        source: 'prometheus',
        kind: 'partial',
        message: `Metrics that look like host memory were found but are not recognised: ${unread.join(', ')}.`,
        whatToDo: READ_METRICS.node.sentence,
      });
  } catch (error) {
    if (signal.aborted) throw error;
  }
}

async function familiesOf(
  question: Question,
  families: readonly MemoryFamily[],
  bins: Bins,
): Promise<readonly MemorySighting[]> {
  const ask = (family: MemoryFamily, rank: number) => familySightings(question, family, rank, bins);
  if (question.by === 'gpu') return (await Promise.all(families.map(ask))).flat();
  const hosts = ask(HOST_FAMILY, 1);
  hosts.catch(() => {});
  for (const family of NODE_FAMILIES) {
    const found = await ask(family, 0);
    if (found.length > 0) return [...found, ...(await hosts)];
  }
  return hosts;
}

async function familySightings(
  { runtime, by, notices, signal }: Question,
  family: MemoryFamily,
  rank: number,
  { start, step, count, to }: Bins,
): Promise<MemorySighting[]> {
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
  const pointsApart = (points: number) => milliseconds(step * Math.max(1, Math.round(count / points)));
  // Coarse points miss what began after the last of them.
  const newest = { name: `memory-${by}-newest-capacity`, promql: family.total, time: to };
  const [measured, total, atEnd] = await Promise.all([
    ask('used', family.used(`${step}ms`), step),
    ask('capacity', family.total, pointsApart(CAPACITY_POINTS)),
    runtime.prometheus.instant(newest, signal),
  ]);
  let used = measured;
  if (family.usedBesideBlanks !== null) {
    let blanks = 0;
    await inSlices(used.series, (series) => {
      if (hasBlank(series)) blanks += 1;
    });
    if (blanks > 0) used = await ask('used-beside-blanks', family.usedBesideBlanks(`${step}ms`), step);
  }
  const capacity = new Map<string, number>();
  const learn = (series: Series): void => {
    const most = memoryValues(series, family).reduce<number>((known, value) => Math.max(known, value ?? 0), 0);
    if (most > 0) capacity.set(sameTarget(series.labels), most);
  };
  await inSlices(atEnd.data, ({ labels, value }) => learn({ labels, values: [value] }));
  await inSlices(total.series, learn);
  let isMissing = false;
  await inSlices(used.series, ({ labels }) => {
    isMissing ||= !capacity.has(sameTarget(labels));
  });
  // What lived only between two of the few points is asked for with more.
  if (isMissing && capacity.size > 0)
    await inSlices((await ask('capacity', family.total, pointsApart(MORE_CAPACITY_POINTS))).series, learn);
  const found: MemorySighting[] = [];
  await inSlices(used.series, (series) => {
    const values = memoryValues(series, family);
    if (values.every((value) => value === null)) return;
    const key = sameTarget(series.labels);
    found.push({
      evidence: gpuEvidence(series.labels),
      source: family.source,
      rank,
      capacity: capacity.get(key) ?? null,
      values,
      key: `${family.source} ${key}`,
    });
  });
  return found;
}

/** Asked only where Ray and an exporter of devices tell of GPUs: pods are what may join them. */
async function holders(
  { runtime, by, signal }: Question,
  families: readonly MemoryFamily[],
  sightings: readonly MemorySighting[],
  { start, to }: Bins,
): Promise<ReadonlyMap<string, readonly PodName[]>> {
  const found = new Map<string, PodName[]>();
  const sources = new Set(sightings.map(({ source }) => source));
  if (by === 'node' || sources.size < 2) return found;
  await Promise.all(
    families.map(async ({ source, holders: query }) => {
      if (query === null || !sources.has(source)) return;
      try {
        const promql = query((to - start) / 1000);
        const { data } = await runtime.prometheus.instant({ name: 'gpu-holders', promql, time: to }, signal);
        await inSlices(data, ({ labels }) => {
          const pods = holdersOf(labels);
          if (pods.length === 0) return;
          const key = `${source} ${labelKey(identityOf(labels))}`;
          const known = found.get(key);
          if (known) known.push(...pods);
          else found.set(key, pods);
        });
      } catch (error) {
        if (signal.aborted) throw error;
      }
    }),
  );
  return found;
}

const IDENTITY = new Set(GPU_LABELS);
const identityOf = (labels: LabelSet): LabelSet =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => IDENTITY.has(name)));

/** Metrics of one thing carry the same labels but for the metric's name. */
const sameTarget = ({ __name__: _, ...labels }: LabelSet): string => labelKey(labels);
