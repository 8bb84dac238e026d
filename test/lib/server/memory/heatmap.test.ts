/** Heat maps and the kill counter against a real Prometheus that holds the recorded samples of a real cluster. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { heatmap } from '../../../../lib/server/memory/heatmap.ts';
import { listOomKills } from '../../../../lib/server/memory/oom-kills.ts';
import { scrapeBins } from '../../../../lib/server/memory/scrape-bins.ts';
import type { PrometheusSource } from '../../../../lib/server/runtime/prometheus-source.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { serveRecorded } from '../../../support/recorded-prometheus.ts';
import { eventBodies, postEvents, recorded } from '../../../support/recordings.ts';

const truth = recorded('oom', 'truth.json') as {
  recorded: { prometheus: { t0: number; t1: number } };
  memory_monitor_kills_per_name: Record<string, number>;
};
const text = gunzipSync(
  readFileSync(new URL('../../../fixtures/ray/2.58.0/oom/prometheus/metrics.om.gz', import.meta.url)),
).toString();
/** Samples of one metric: [Unix ms, value]. */
const samplesOf = (metric: string): [number, number][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith(`${metric}{`))
    .map((line) => {
      const [value, time] = line.slice(line.lastIndexOf('} ') + 2).split(' ');
      return [Math.round(Number(time) * 1000), Number(value)];
    });
const ns = (seconds: number) => BigInt(Math.round(seconds * 1000)) * 1_000_000n;
const { t0, t1 } = truth.recorded.prometheus;
/** A minute and a half longer than the recording: its last bins are empty. */
const whole = { from: ns(t0), to: ns(t1 + 90) };
const signal = new AbortController().signal;

describe('the oom recording', () => {
  let runtime: Runtime;
  let prometheus: PrometheusSource;
  beforeAll(async () => {
    prometheus = (await serveRecorded([text])).source;
    runtime = { ...(await openTestRuntime()), prometheus };
  });
  afterAll(async () => {
    await prometheus.close();
    await runtime.close();
  });

  it('without events the counter tells every kill, by name', async () => {
    const { kills, totals } = await listOomKills(runtime, whole);
    const perName: Record<string, number> = {};
    for (const kill of kills) {
      expect(kill.source).toBe('metric');
      const name = kill.kind === 'idle_worker' ? 'idle_worker' : kill.name;
      perName[name] = (perName[name] ?? 0) + 1;
    }
    expect(perName).toEqual(truth.memory_monitor_kills_per_name);
    expect(totals).toMatchObject({ kills: 14, idle: 8, unknown: 6 });
  });

  it('a window that begins after a kill does not count it again', async () => {
    const late = await listOomKills(runtime, { from: ns(1795466540), to: ns(t1) });
    // build_features with two idle workers, then the actor twice.
    expect(late.totals.kills).toBe(5);
  });

  it('with events the counter adds nothing', async () => {
    await postEvents(runtime, eventBodies('oom'), 'batch');
    const { kills } = await listOomKills(runtime, whole);
    expect(kills).toHaveLength(14);
    expect(new Set(kills.map((kill) => kill.source))).toEqual(new Set(['event']));
  });

  it.each([58, 29, 12])('%i bins: every bin is the maximum of the samples in it, gaps are null', async (bins) => {
    const map = await heatmap(runtime, { by: 'node', ...whole, bins }, signal);
    const samples = samplesOf('ray_node_mem_used');
    const expected = Array.from({ length: map.count }, (_, i) => {
      const [after, until] = [map.startMs + i * map.stepMs, map.startMs + (i + 1) * map.stepMs];
      const inside = samples.filter(([time]) => time > after && time <= until).map(([, value]) => value);
      return inside.length > 0 ? Math.max(...inside) : null;
    });
    expect(map.rows).toHaveLength(1);
    expect(map.rows[0]?.usedBytes).toEqual(expected);
    expect(expected.filter((value) => value !== null).length).toBeGreaterThan(bins / 3);
    expect(expected).toContain(null);
    expect(map.rows[0]).toMatchObject({
      id: '192.0.2.61',
      label: 'ray-head',
      nodeId: '712971f88d029441c6f5bafdaece7e8347e7be0bde5ef1d46360508c',
      cluster: 'batch',
      capacityBytes: 6 * 1024 ** 3,
      source: 'ray_node_mem_used',
      note: null,
    });
  });

  it('bins are never narrower than the scrapes', async () => {
    const map = await heatmap(runtime, { by: 'node', ...whole, bins: 4000 }, signal);
    expect(map.stepMs).toBe(5000);
  });

  it('every kill stands on the row of its node', async () => {
    const map = await heatmap(runtime, { by: 'node', ...whole, bins: 58 }, signal);
    expect(map.kills).toHaveLength(14);
    expect(new Set(map.kills.map((kill) => kill.rowId))).toEqual(new Set(['192.0.2.61']));
  });

  it('no GPU: says which exporters are missing', async () => {
    const map = await heatmap(runtime, { by: 'gpu', ...whole, bins: 58 }, signal);
    expect(map.rows).toEqual([]);
    expect(map.notices).toMatchObject([
      { kind: 'nothing-measured', message: expect.stringContaining('DCGM_FI_DEV_FB_USED') },
    ]);
  });
});

/**
 * Synthetic samples every 15 s for 5 minutes; a function of the step gives the value, null leaves it out. None is on the edge
 * of a bin: Prometheus 2 counts those in both bins, Prometheus 3 in the earlier one.
 */
function synthetic(series: Readonly<Record<string, (step: number) => number | string | null>>): string {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(series)) {
    lines.push(`# TYPE ${name.split('{')[0]} gauge`);
    for (let step = 0; step < 20; step++) {
      const at = value(step);
      if (at !== null) lines.push(`${name} ${at} ${1795466107 + step * 15}`);
    }
  }
  // One family is one block in OpenMetrics.
  const families = Map.groupBy(
    lines.filter((line) => !line.startsWith('#')),
    (line) => line.split('{')[0],
  );
  return `${[...families].map(([name, rows]) => `# TYPE ${name} gauge\n${rows.join('\n')}`).join('\n')}\n# EOF\n`;
}

describe('synthetic exporters', () => {
  let runtime: Runtime;
  let prometheus: PrometheusSource;
  const dcgm = (gpu: number) => `gpu="${gpu}",UUID="GPU-${gpu}",hostname="n1",instance="n1:9400"`;
  const gram = (gpu: number) =>
    `GpuIndex="${gpu}",GpuUuid="GPU-${gpu}",ip="192.0.2.9",SessionName="s",instance="192.0.2.9:8080"`;
  beforeAll(async () => {
    const text = synthetic({
      [`DCGM_FI_DEV_FB_USED{${dcgm(0)}}`]: (step) => 1000 + step,
      [`DCGM_FI_DEV_FB_FREE{${dcgm(0)}}`]: (step) => 79000 - step,
      [`DCGM_FI_DEV_FB_RESERVED{${dcgm(0)}}`]: () => 560,
      [`DCGM_FI_DEV_FB_USED{${dcgm(1)}}`]: () => '9223372036854775794',
      [`DCGM_FI_DEV_FB_FREE{${dcgm(1)}}`]: () => '9223372036854775794',
      [`ray_node_gram_used{${gram(0)}}`]: () => 5,
      [`ray_node_gram_available{${gram(0)}}`]: () => 5,
      [`ray_node_gram_used{${gram(1)}}`]: (step) => (step < 10 ? 0 : null),
      [`ray_node_gram_available{${gram(1)}}`]: () => 40960,
      'gpu_used_vram{gpu_id="0",hostname="amd-1",instance="amd-1:5000"}': () => 2048,
      'gpu_total_vram{gpu_id="0",hostname="amd-1",instance="amd-1:5000"}': () => 196592,
      'ray_node_mem_used{ip="192.0.2.2",IsHeadNode="true",SessionName="two",instance="192.0.2.2:40001"}': () => 7e9,
      'ray_node_mem_used{ip="192.0.2.2",IsHeadNode="false",SessionName="two",instance="192.0.2.2:40002"}': () => 7e9,
      'node_memory_MemTotal_bytes{instance="192.0.2.2:9100"}': () => 16e9,
      'node_memory_MemAvailable_bytes{instance="192.0.2.2:9100"}': () => 8e9,
      'node_memory_MemTotal_bytes{instance="plain-1:9100"}': () => 16e9,
      'node_memory_MemAvailable_bytes{instance="plain-1:9100"}': (step) => 8e9 + step,
    });
    prometheus = (await serveRecorded([text])).source;
    runtime = { ...(await openTestRuntime()), prometheus };
  });
  afterAll(async () => {
    await prometheus.close();
    await runtime.close();
  });
  const window = { from: ns(1795466100), to: ns(1795466400), bins: 20 };

  it('GPU memory is MiB of DCGM, Ray or AMD; one GPU is one row; unsupported is missing, zero is zero', async () => {
    const { rows } = await heatmap(runtime, { by: 'gpu', ...window }, signal);
    const picture = rows.map((row) => [
      row.id,
      row.source,
      row.capacityBytes === null ? null : Math.round(row.capacityBytes / 1024 ** 2),
      row.usedBytes[5] === null ? null : (row.usedBytes[5] ?? 0) / 1024 ** 2,
      row.usedBytes[15] === null ? null : (row.usedBytes[15] ?? 0) / 1024 ** 2,
    ]);
    expect(picture).toEqual([
      ['192.0.2.9/gpu1', 'ray_node_gram_used', 40960, 0, null],
      ['amd-1/gpu0', 'gpu_used_vram', 196592, 2048, 2048],
      ['n1/gpu0', 'DCGM_FI_DEV_FB_USED', 80560, 1005, 1015],
    ]);
  });

  it('two raylets on one address are two rows that say so; node_exporter fills in only where Ray measures nothing', async () => {
    const { rows } = await heatmap(runtime, { by: 'node', ...window }, signal);
    expect(rows.map((row) => [row.id, row.source, row.note?.slice(0, 9) ?? null])).toEqual([
      ['192.0.2.2/head', 'ray_node_mem_used', '2 raylets'],
      ['192.0.2.2/worker', 'ray_node_mem_used', '2 raylets'],
      ['plain-1', 'node_memory_MemAvailable_bytes', null],
    ]);
    expect(rows[2]?.usedBytes[5]).toBe(8e9 - 5);
    expect(rows[0]?.capacityBytes).toBeNull();
  });
});

it('a Prometheus that is down fails alone', async () => {
  const runtime = await openTestRuntime();
  await postEvents(runtime, eventBodies('oom'));
  const map = await heatmap(runtime, { by: 'node', ...whole, bins: 10 }, signal);
  expect(map).toMatchObject({ rows: [], notices: [{ source: 'prometheus', kind: 'down' }] });
  expect(map.kills).toHaveLength(14);
  await runtime.close();
});

it.each([
  ['x-x-x--x', 2],
  ['xxxx-xxx', 1],
  ['--------', 1],
  ['x---x---', 4],
  ['xx-'.repeat(20), 2],
  [`${'x'.repeat(40)}------${'x'.repeat(40)}`, 1],
])('%s is scraped every %i bins', (picture, bins) => {
  expect(scrapeBins([[...picture].map((sign) => (sign === 'x' ? 1 : null))])).toBe(bins);
});

it('an exporter that is not known is named, beside what X-Ray reads', async () => {
  const text = synthetic({
    'windows_memory_available_bytes{instance="win-1:9182"}': () => 1e9,
    'system_memory_usage_bytes{host_name="otel-1",state="used"}': () => 1e9,
    'habanalabs_memory_used_bytes{instance="gaudi:9100"}': () => 1e9,
    'nvidia_smi_memory_used_bytes{uuid="5ca1"}': () => 1e9,
    'process_resident_memory_bytes{instance="win-1:9182"}': () => 1e9,
    'vllm:gpu_memory_usage_perc{instance="win-1:9182"}': () => 1,
  });
  const { source } = await serveRecorded([text]);
  const runtime = { ...(await openTestRuntime()), prometheus: source };
  const window = { from: ns(1795466100), to: ns(1795466400), bins: 20 };
  const said = async (by: 'node' | 'gpu') => {
    const { rows, notices } = await heatmap(runtime, { by, ...window }, signal);
    expect(rows).toEqual([]);
    return notices.map(({ kind, message }) => `${kind}: ${message}`);
  };
  expect(await said('gpu')).toEqual([
    'partial: Metrics that look like GPU memory were found but are not recognised: habanalabs_memory_used_bytes, nvidia_smi_memory_used_bytes.',
    expect.stringMatching(/^nothing-measured: no memory of a GPU/),
  ]);
  expect(await said('node')).toEqual([
    'partial: Metrics that look like host memory were found but are not recognised: system_memory_usage_bytes, windows_memory_available_bytes.',
    expect.stringMatching(/^nothing-measured: no memory of a node/),
  ]);
  await source.close();
  await runtime.close();
});
