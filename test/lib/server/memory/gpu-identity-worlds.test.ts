/**
 * Property: whatever labels do, every GPU, MIG instance, host and raylet of a generated world is one row with its values, its capacity
 * and its sources, and nothing else is a row. All worlds stand in one real Prometheus, so that they may be confused with each other.
 * `XRAY_WORLDS` (40) and `XRAY_WORLD_SEED` (1) choose others.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HeatmapWire } from '../../../../lib/contract/memory.ts';
import { heatmap } from '../../../../lib/server/memory/heatmap.ts';
import type { PrometheusSource } from '../../../../lib/server/runtime/prometheus-source.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { BIN_S, BINS, makeWorld, seeded, type TruthRow } from '../../../support/gpu-world.ts';
import { openMetrics } from '../../../support/open-metrics.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { serveRecorded } from '../../../support/recorded-prometheus.ts';

const WORLDS = Number(process.env.XRAY_WORLDS ?? 40);
const SEED = Number(process.env.XRAY_WORLD_SEED ?? 1);
const FROM = 1_795_466_100;
const worlds = Array.from({ length: WORLDS }, (_, i) => makeWorld(i, FROM, seeded(SEED * 7919 + i)));

let runtime: Runtime;
let prometheus: PrometheusSource;
beforeAll(async () => {
  prometheus = (await serveRecorded([openMetrics(worlds.flatMap((world) => world.series))], 300)).source;
  runtime = { ...(await openTestRuntime()), prometheus };
}, 180_000);
afterAll(async () => {
  await prometheus.close();
  await runtime.close();
});

function runs(values: readonly (number | null)[]): string {
  const found: [string, number][] = [];
  for (const value of values) {
    const text = value === null ? '-' : String(Math.round(value));
    const last = found.at(-1);
    if (last?.[0] === text) last[1] += 1;
    else found.push([text, 1]);
  }
  return found.map(([text, count]) => `${text}x${count}`).join(' ');
}
const reported = (row: HeatmapWire['rows'][number], unit: number): string =>
  `${runs(row.usedBytes.map((value) => (value === null ? null : value / unit)))} of ${Math.round((row.capacityBytes ?? 0) / unit)} by ${row.sources.join('+')}${
    row.note === null ? '' : `, ${row.note.replace(/^\d+ (.* address) .*$/, '$1')}`
  }`;
const expected = (row: TruthRow): string =>
  `${runs(row.values)} of ${row.capacity} by ${row.sources.join('+')}${row.note === null ? '' : `, ${row.note}`}`;

it.each([
  ['gpu', 2 ** 20],
  ['node', 1e6],
] as const)('rows by %s are the things of the worlds', async (by, unit) => {
  const truth = worlds.flatMap((world) => (by === 'gpu' ? world.gpus : world.nodes));
  expect(truth.length).toBeGreaterThan(WORLDS);
  expect(truth.length).toBeLessThan(2000);
  const window = { from: BigInt(FROM) * 1_000_000_000n, to: BigInt(FROM + BINS * BIN_S) * 1_000_000_000n, bins: BINS };
  const { rows, notices } = await heatmap(runtime, { by, ...window }, new AbortController().signal);
  expect(notices).toEqual([]);
  expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length);
  const seen = rows.map((row) => reported(row, unit)).sort();
  const left = new Map<string, number>();
  for (const text of seen) left.set(text, (left.get(text) ?? 0) + 1);
  const missing: string[] = [];
  for (const row of truth) {
    const text = expected(row);
    const there = left.get(text) ?? 0;
    if (there > 0) left.set(text, there - 1);
    else missing.push(`${text}   ${row.story}`);
  }
  const surplus = [...left].filter(([, count]) => count > 0).map(([text]) => text);
  expect({ missing: missing.slice(0, 20), surplus: surplus.slice(0, 20), rows: rows.length }).toEqual({
    missing: [],
    surplus: [],
    rows: truth.length,
  });
});
