/**
 * What identity costs: 4,096 GPUs whose pods come and go (50,000 series in a real Prometheus), and 50,000 sightings of hostile shapes. Work is
 * counted in CPU time of this thread, so that a busy machine is not mistaken for slow code.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { heatmap } from '../../../../lib/server/memory/heatmap.ts';
import { nameGpuRows, nameNodeRows } from '../../../../lib/server/memory/heatmap-rows.ts';
import type { MemorySighting } from '../../../../lib/server/memory/measure-memory.ts';
import type { PrometheusSource } from '../../../../lib/server/runtime/prometheus-source.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { gpuEvidence, holdersOf } from '../../../../lib/sources/prometheus/target-labels.ts';
import { worstLag } from '../../../support/event-loop-lag.ts';
import { openMetrics, type SyntheticSeries } from '../../../support/open-metrics.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { serveRecorded } from '../../../support/recorded-prometheus.ts';

const MOST_TURN_MS = 200;
const FROM = 1_795_466_100;
const GPUS = 4096;
const PODS = 4;

describe('4,096 GPUs, each given to four pods in an hour', () => {
  let runtime: Runtime;
  let prometheus: PrometheusSource;
  beforeAll(async () => {
    const series: SyntheticSeries[] = [];
    for (let gpu = 0; gpu < GPUS; gpu++)
      for (let pod = 0; pod < PODS; pod++) {
        const labels = {
          Hostname: `n${gpu >> 3}`,
          UUID: `GPU-${gpu.toString(16).padStart(8, '0')}-1234-5678-9abc-def012345678`,
          gpu: gpu & 7,
          device: `nvidia${gpu & 7}`,
          instance: `10.0.${gpu >> 11}.${(gpu >> 3) & 255}:9400`,
          exported_pod: `train-${gpu}-${pod}`,
          exported_namespace: 'ml',
        };
        const samples = Array.from({ length: 15 }, (_, i) => [FROM + (pod * 15 + i) * 60 + 7, 1000 + gpu] as const);
        for (const [metric, value] of [
          ['USED', 0],
          ['FREE', 70_000],
          ['RESERVED', -500],
        ] as const)
          series.push({
            metric: `DCGM_FI_DEV_FB_${metric}`,
            labels,
            samples: value === 0 ? samples : samples.map(([time]) => [time, Math.abs(value)] as const),
          });
      }
    expect(series.length).toBeGreaterThan(49_000);
    prometheus = (await serveRecorded([openMetrics(series)], 300)).source;
    runtime = { ...(await openTestRuntime()), prometheus };
  }, 300_000);
  afterAll(async () => {
    await prometheus.close();
    await runtime.close();
  });

  it('are 4,096 rows without gaps, in turns of the event loop of 200 ms at most', { timeout: 180_000 }, async () => {
    const window = { from: BigInt(FROM) * 1_000_000_000n, to: BigInt(FROM + 3600) * 1_000_000_000n, bins: 360 };
    let map: Awaited<ReturnType<typeof heatmap>> | null = null;
    const began = process.threadCpuUsage();
    const lag = await worstLag(async () => {
      map = await heatmap(runtime, { by: 'gpu', ...window }, new AbortController().signal);
    });
    const { user, system } = process.threadCpuUsage(began);
    const shown = map as Awaited<ReturnType<typeof heatmap>> | null;
    // What the page draws is bounded apart; how many there are is said.
    expect(shown?.notices.map(({ message }) => message)).toEqual([expect.stringMatching(/^4096 rows were measured/)]);
    expect(shown?.rows.every((row) => row.usedBytes.every((value) => value !== null))).toBe(true);
    console.log(`cpu ${Math.round((user + system) / 1000)} ms, worst turn ${Math.round(lag.worstMs)} ms`);
    expect(lag.worstMs).toBeLessThan(MOST_TURN_MS);
  });
});

const BINS = 60;
/** A sighting as Prometheus would give it; values in a third of the bins or in all. */
function sighting(labels: Readonly<Record<string, string>>, third: number | null, rank: number): MemorySighting {
  const source = ['DCGM_FI_DEV_FB_USED', 'ray_node_gram_used', 'gpu_used_vram'][rank] ?? '';
  const values = Array.from({ length: BINS }, (_, i) => (third === null || Math.floor(i / 20) === third ? 1 : null));
  return {
    evidence: gpuEvidence(labels),
    source,
    rank,
    capacity: 2,
    values,
    key: `${source} ${JSON.stringify(labels)}`,
  };
}

/** Shapes that would be quadratic for a comparison of all with all. */
const SHAPES: Readonly<Record<string, (i: number) => MemorySighting>> = {
  'one address, a session each': (i) =>
    sighting({ ip: '10.0.0.1', GpuIndex: '0', SessionName: `s${i}`, instance: `10.0.0.1:${i}` }, null, 1),
  'one UUID on as many hosts, and in Ray': (i) =>
    i % 2 === 0
      ? sighting({ hostname: `h${i}`, UUID: 'GPU-constant', gpu: '0' }, null, 0)
      : sighting(
          { ip: `10.0.${i >> 8}.${i & 255}`, GpuUuid: 'GPU-constant', GpuIndex: '0', SessionName: 's' },
          null,
          1,
        ),
  'one place and index, a UUID each, and without': (i) =>
    i % 2 === 0
      ? sighting({ instance: 'localhost:9400', UUID: `GPU-${i}-abcdefgh`, gpu: '0' }, i % 3, 0)
      : sighting({ instance: 'localhost:9400', gpu: '0', cluster: `c${i}` }, i % 3, 0),
  'one pod that holds all': (i) =>
    i % 2 === 0
      ? sighting({ hostname: `h${i}`, UUID: `GPU-${i}-abcdefgh`, gpu: '0', exported_pod: 'p' }, null, 0)
      : sighting({ ip: `10.0.${i >> 8}.${i & 255}`, GpuIndex: '0', SessionName: `s${i}`, pod: 'p' }, null, 1),
  'one GPU, restarted as often': (i) =>
    sighting(
      { hostname: 'h', UUID: 'GPU-one-abcdefgh', gpu: '0', instance: `10.0.${i >> 8}.${i & 255}:9400` },
      i % 3,
      0,
    ),
  'one host and index, a cluster each': (i) => sighting({ hostname: 'h', gpu_id: '0', cluster: `c${i}` }, null, 2),
};

describe('hostile shapes cost in proportion', () => {
  it.each(Object.entries(SHAPES))('%s', { timeout: 120_000 }, async (_name, make) => {
    const cost = async (count: number): Promise<number> => {
      const all = Array.from({ length: count }, (_, i) => make(i));
      const holders = new Map(all.map(({ key }) => [key, holdersOf(JSON.parse(key.slice(key.indexOf('{'))))]));
      const began = process.threadCpuUsage();
      const lag = await worstLag(async () => {
        await nameGpuRows(all, holders, []);
        await nameNodeRows(all, []);
      });
      const { user, system } = process.threadCpuUsage(began);
      expect(lag.worstMs).toBeLessThan(MOST_TURN_MS);
      return (user + system) / 1000;
    };
    await cost(2_000);
    const [small, large] = [await cost(6_000), await cost(48_000)];
    console.log(`6,000: ${Math.round(small)} ms, 48,000: ${Math.round(large)} ms of CPU`);
    // Eight times as many; quadratic would be sixty-four times.
    expect(large).toBeLessThan(Math.max(24 * small, 2_000));
  });
});
