/**
 * One row per GPU and node whatever its exporters' labels do, against a real Prometheus: pods that come and go, restarts, time-slicing,
 * MIG, blanks, placeholders, prefixes, Kubernetes, HA. An hour of samples every 15 s, bins of a minute, values in MiB.
 *
 *   thirds      A |--------|          20 bins each
 *               B          |--------|
 *               C                   |--------|
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HeatmapWire } from '../../../../lib/contract/memory.ts';
import { heatmap } from '../../../../lib/server/memory/heatmap.ts';
import type { PrometheusSource } from '../../../../lib/server/runtime/prometheus-source.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { FROM, series } from '../../../support/gpu-rows-series.ts';
import { openMetrics } from '../../../support/open-metrics.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { serveRecorded } from '../../../support/recorded-prometheus.ts';

let runtime: Runtime;
let prometheus: PrometheusSource;
let byGpu: HeatmapWire;
let byNode: HeatmapWire;
beforeAll(async () => {
  prometheus = (await serveRecorded([openMetrics(series)], 300)).source;
  runtime = { ...(await openTestRuntime()), prometheus };
  const window = { from: BigInt(FROM) * 1_000_000_000n, to: BigInt(FROM + 3600) * 1_000_000_000n, bins: 60 };
  const signal = new AbortController().signal;
  byGpu = await heatmap(runtime, { by: 'gpu', ...window }, signal);
  byNode = await heatmap(runtime, { by: 'node', ...window }, signal);
});
afterAll(async () => {
  await prometheus.close();
  await runtime.close();
});

/** `10000x20 -x5 ...` of whole units. */
function runs(values: readonly (number | null)[], unit: number): string {
  const found: [string, number][] = [];
  for (const value of values) {
    const text = value === null ? '-' : String(Math.round(value / unit));
    const last = found.at(-1);
    if (last?.[0] === text) last[1] += 1;
    else found.push([text, 1]);
  }
  return found.map(([text, count]) => `${text}x${count}`).join(' ');
}
const gpus = (host: string): string[] =>
  byGpu.rows
    .filter((row) => row.label.split(' ')[0] === host)
    .map(
      (row) =>
        `${row.label.slice(host.length + 1)}: ${runs(row.usedBytes, 2 ** 20)} of ${
          row.capacityBytes === null ? '?' : row.capacityBytes / 2 ** 20
        } by ${row.sources.join('+')}`,
    );
const DCGM = 'DCGM_FI_DEV_FB_USED';
const RAY = 'ray_node_gram_used';

describe('rows of GPUs', () => {
  it.each<[string, string, readonly string[]]>([
    ['pods come and go', 'churn-node', [`gpu0: 10000x20 500x20 60000x20 of 80520 by ${DCGM}`]],
    ['the exporter was restarted', 'restart-node', [`gpu0: 11000x20 61000x40 of 80520 by ${DCGM}`]],
    ['time-slicing', 'slice-node', [`gpu0: 7000x60 of 15520 by ${DCGM}`]],
    ['MIG', 'mig-node', [`gpu0.mig1: 30000x60 of 40000 by ${DCGM}`, `gpu0.mig9: 2000x60 of 9800 by ${DCGM}`]],
    ['a blank term of a sum', 'blank-node', [`gpu0: 20000x60 of 80000 by ${DCGM}`]],
    ['all-zero UUIDs', 'amd-vm', [0, 1, 2, 3].map((i) => `gpu${i}: ${20000 + i * 1000}x60 of 196592 by gpu_used_vram`)],
    ['a prefix', 'amd-prefix', ['gpu0: 50000x60 of 196592 by amd_gpu_used_vram']],
    [
      'Ray in a pod and DCGM on the node',
      'k8s-gpu-node',
      [`gpu0: 40000x60 of 81920 by ${DCGM}+${RAY}`, `gpu1: 40001x60 of 81920 by ${DCGM}+${RAY}`],
    ],
    ['jobs of Slurm come and go', 'slurm-node', [`gpu0: 1000x20 2000x20 3000x20 of 80000 by ${DCGM}`]],
    ['another prefix', 'other-prefix', ['gpu0: 700x60 of 65536 by site:gpu_used_vram']],
    ['HA', 'ha-node', [`gpu0: 9000x60 of 80000 by ${DCGM}`]],
    ['FREE is blank, TOTAL is there', 'free-blank', [`gpu0: 1000x60 of 81920 by ${DCGM}`]],
    ['blanks among the values', 'flaky-node', [`gpu0: 3000x60 of 80000 by ${DCGM}`]],
    [
      'one name in two clusters',
      'shared-name',
      ['gpu0 (east): 100x60 of 65536 by gpu_used_vram', 'gpu0 (west): 200x60 of 65536 by gpu_used_vram'],
    ],
    [
      'a container numbers its GPUs anew',
      'renumbered',
      [
        `gpu0: 1000x60 of 80000 by ${DCGM}`,
        `gpu1: 2000x60 of 80000 by ${DCGM}`,
        `gpu2: 3000x60 of 80000 by ${DCGM}`,
        `gpu3: 4000x60 of 80000 by ${DCGM}+${RAY}`,
        `gpu4: 5000x60 of 80000 by ${DCGM}`,
        `gpu5: 6000x60 of 80000 by ${DCGM}+${RAY}`,
      ],
    ],
    ['one UUID in Ray and DCGM', 'by-uuid', [`gpu0: 12000x60 of 80000 by ${DCGM}+${RAY}`]],
    ['a constant UUID', 'constant', [`gpu0: 100x60 of 1000 by ${DCGM}`, `gpu1: 101x60 of 1001 by ${DCGM}`]],
    [
      'a GPU was replaced',
      'replaced',
      [
        `gpu0 (GPU-01d01d01-1111): 100x20 -x40 of 1000 by ${DCGM}`,
        `gpu0 (GPU-4e34e34e-2222): -x20 200x40 of 1000 by ${DCGM}`,
      ],
    ],
    ['one UUID on two hosts', 'twin-a', [`gpu0: 100x60 of 1000 by ${DCGM}`]],
    ['one UUID on two hosts', 'twin-b', [`gpu0: 200x60 of 1000 by ${DCGM}`]],
    ['the UUID came later', 'upgraded', [`gpu0: 100x20 200x40 of 1000 by ${DCGM}`]],
    ['the host was spelled longer', 'short.example.org', [`gpu0: 100x20 200x40 of 1000 by ${DCGM}`]],
  ])('%s: %s', (_kind, host, expected) => {
    expect(gpus(host)).toEqual(expected);
  });

  it('a GPU that was renumbered is one row, called by its newest number', () => {
    expect(gpus('renamed')).toEqual([`gpu1: 100x20 200x40 of 1000 by ${DCGM}`]);
  });

  it('hosts called localhost are told apart by UUID, or by address; a pod of an exporter is no host', () => {
    const at = (target: string) => gpus(target).join('\n');
    expect([22, 23, 24, 25].map((n) => at(`10.0.7.${n}`))).toEqual(
      [22, 23, 24, 25].map((n) => `gpu0: ${n * 100}x60 of 80000 by ${DCGM}`),
    );
    expect(at('10.244.5.2')).toBe(`gpu3: 4000x20 5000x40 of 80000 by ${DCGM}`);
    expect(byGpu.rows.filter((row) => /localhost|exporter/.test(row.label))).toEqual([]);
  });

  it('MIG instances that Ray names by UUID are joined by size; equal ones are not told apart', () => {
    expect(gpus('10.0.7.38')).toEqual([
      `gpu2.mig1: 30000x60 of 40000 by ${DCGM}+${RAY}`,
      `gpu2.mig9: 2000x60 of 9800 by ${DCGM}`,
      `gpu2.mig10: 3000x60 of 9800 by ${DCGM}`,
      `gpu2.mig11abcdef-1234: 2000x60 of 9728 by ${RAY}`,
      `gpu2.mig22abcdef-1234: 3000x60 of 9728 by ${RAY}`,
    ]);
  });

  it('two Ray clusters on one address stay two', () => {
    expect(byGpu.rows.filter((row) => row.nodeIp === '10.8.8.8').map((row) => [row.session, row.usedBytes[0]])).toEqual(
      [
        ['one', 300 * 2 ** 20],
        ['two', 400 * 2 ** 20],
      ],
    );
  });

  it('ids are unique, no row is made up, and what is not recognised is named', () => {
    expect(new Set(byGpu.rows.map((row) => row.id)).size).toBe(byGpu.rows.length);
    expect(
      byGpu.rows.map((row) => row.nodeIp).filter((ip) => ip?.startsWith('10.244.9') || ip?.startsWith('10.244.7')),
    ).toHaveLength(4);
    expect(byGpu.notices.map((notice) => notice.message).join('\n')).toMatch(
      /not recognised: nvidia_smi_memory_used_bytes\.$/,
    );
    expect(byGpu.rows.filter((row) => row.note !== null).map((row) => [row.id, row.note?.slice(0, 35)])).toEqual([
      ['10.0.7.38/gpu2.mig11abcdef-1234', 'Ray names this MIG instance by UUID'],
      ['10.0.7.38/gpu2.mig22abcdef-1234', 'Ray names this MIG instance by UUID'],
    ]);
  });
});

describe('rows of nodes', () => {
  const at = (ip: string) =>
    byNode.rows
      .filter((row) => row.nodeIp === ip)
      .map((row) => `${row.id}: ${runs(row.usedBytes, 1e9)}${row.note === null ? '' : `, ${row.note}`}`);

  it.each<[string, string, readonly string[]]>([
    ['a label was added', '10.244.9.5', ['10.244.9.5: 5x20 9x40']],
    ['a restart on another port', '10.1.0.1', ['10.1.0.1: 1x20 2x40']],
    ['HA', '10.1.0.2', ['10.1.0.2: 3x60']],
    [
      'two endpoints of which nothing is known',
      '10.1.0.3',
      ['8080', '44217'].map(
        (port) =>
          `10.1.0.3:${port}: 4x60, 2 metrics endpoints report from the address 10.1.0.3 at once: raylets that share it, or one that is scraped more than once`,
      ),
    ],
    ['two clusters', '10.1.0.4', ['10.1.0.4:9100@east: 9x60', '10.1.0.4:9100@west: 13x60']],
    ['one session after another', '10.1.0.5', ['10.1.0.5:8080@after: -x20 6x40', '10.1.0.5:8080@before: 5x20 -x40']],
  ])('%s: %s', (_kind, ip, expected) => {
    expect(at(ip).sort()).toEqual([...expected].sort());
  });

  it('ids are unique', () => {
    expect(new Set(byNode.rows.map((row) => row.id)).size).toBe(byNode.rows.length);
  });
});
