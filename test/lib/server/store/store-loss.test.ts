/**
 * Damage of every kind to a real store, at a start and while it runs: what was acknowledged is there, or its loss is said by
 * table, rows and time, until the operator settles it.
 */
import {
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { settleStore, storeReport } from '../../../../lib/server/store/store-report.ts';
import { openEngine } from '../../../../lib/store/open-engine.ts';
import { openStoreState } from '../../../../lib/store/store-state.ts';
import { restoreDefinitions } from '../../../../lib/store/table-definitions.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';

let directory: string;
let runtime: Runtime | null = null;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xray-loss-'));
});
afterEach(async () => {
  await runtime?.close();
  runtime = null;
  rmSync(directory, { recursive: true, force: true });
});

const open = (): Promise<Runtime> => openTestRuntime({ XRAY_DATA_DIR: directory });
const DAY = '2026-11-24';
const ROWS = 300;

const span = (batch: number, id: number) => ({
  Timestamp: `${DAY} 10:${String(batch).padStart(2, '0')}:00.000000000`,
  TraceId: `trace-${batch}`,
  SpanId: `span-${batch}-${id}`,
  SpanName: 'synthetic.loss',
  ServiceName: 'synthetic',
  // Text that does not compress away: a flipped byte of it is a damaged block.
  SpanAttributes: {
    text: Array.from({ length: 40 }, (_, i) => ((id * 7919 + i * 104_729 + batch) % 1_000_003).toString(36)).join(''),
  },
});

/** `batches` parts of 300 spans each, never merged. */
async function fill(batches: number): Promise<void> {
  runtime = await open();
  await runtime.engine.command('SYSTEM STOP MERGES xray.otel_traces');
  for (let batch = 0; batch < batches; batch++)
    await runtime.engine.insert(
      'xray.otel_traces',
      Array.from({ length: ROWS }, (_, id) => span(batch, id)),
    );
}

async function paths(): Promise<string[]> {
  const rows = await runtime?.engine.select({
    name: 'paths',
    sql: "SELECT path FROM system.parts WHERE active AND database = 'xray' AND table = 'otel_traces' ORDER BY min_block_number",
    row: z.object({ path: z.string() }),
  });
  return rows?.map(({ path }) => path) ?? [];
}
async function stored(): Promise<number> {
  const rows = await runtime?.engine.select({
    name: 'stored',
    sql: 'SELECT count() AS rows FROM xray.otel_traces',
    row: z.object({ rows: z.coerce.number() }),
  });
  return rows?.[0]?.rows ?? -1;
}
const losses = () =>
  runtime?.store.losses().map(({ table, rows, cause, state }) => ({ table, rows, cause, state })) ?? [];

function flip(file: string): void {
  const handle = openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  const at = Math.floor(statSync(file).size / 2);
  readSync(handle, byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 0x10;
  writeSync(handle, byte, 0, 1, at);
  closeSync(handle);
}

const DAMAGE: readonly (readonly [string, (part: string) => void])[] = [
  ['truncated', (part) => truncateSync(join(part, 'data.bin'), 1000)],
  ['flipped in one bit', (part) => flip(join(part, 'data.bin'))],
  ['without a file', (part) => rmSync(join(part, 'columns.txt'))],
  ['removed whole', (part) => rmSync(part, { recursive: true })],
];

describe.each(DAMAGE)('a part that is %s', (_, damage) => {
  it('is said at the next start, with rows and time; acknowledged, it stays written down', async () => {
    await fill(3);
    const part = (await paths())[1] ?? '';
    await runtime?.close();
    damage(part);
    runtime = await open();
    await runtime.store.check();
    expect(losses()).toEqual([{ table: 'otel_traces', rows: ROWS, cause: expect.any(String), state: 'open' }]);
    const report = storeReport(runtime);
    expect(report.ok).toBe(false);
    expect(report.losses[0]).toMatchObject({
      isOwnTime: true,
      from: expect.stringContaining(DAY),
      to: expect.stringContaining(DAY),
    });

    const accepted = await settleStore(runtime, 'accept');
    expect(accepted.ok).toBe(true);
    await runtime.close();
    runtime = await open();
    await runtime.store.check();
    expect(losses()).toEqual([{ table: 'otel_traces', rows: ROWS, cause: expect.any(String), state: 'accepted' }]);
    expect(storeReport(runtime).ok).toBe(true);
  });

  it('is said while X-Ray runs', async () => {
    await fill(3);
    damage((await paths())[1] ?? '');
    await runtime?.store.check();
    expect(losses()).toContainEqual({ table: 'otel_traces', rows: ROWS, cause: expect.any(String), state: 'open' });
    expect(losses()).toHaveLength(1);
  });
});

it('what is readable of a damaged part is taken back, and the rest is lost by number', async () => {
  await fill(2);
  // One part of many granules, of which one is damaged.
  await runtime?.engine.insert(
    'xray.otel_traces',
    Array.from({ length: 30_000 }, (_, id) => span(5, id)),
  );
  const part = (await paths())[2] ?? '';
  await runtime?.close();
  flip(join(part, existsSync(join(part, 'data.bin')) ? 'data.bin' : 'SpanId.bin'));
  runtime = await open();
  const report = await settleStore(runtime, 'repair');
  const [loss] = report.losses;
  expect(loss?.state).toBe('open');
  expect(loss?.rows).toBeGreaterThan(0);
  expect(loss?.rows).toBeLessThan(16_000);
  expect(await stored()).toBe(2 * ROWS + 30_000 - (loss?.rows ?? 0));
  // No query meets the damage any more, and its files are kept.
  await runtime.engine.select({
    name: 'all',
    sql: 'SELECT sum(cityHash64(*)) AS n FROM xray.otel_traces',
    row: z.unknown(),
  });
  expect(readdirSync(join(directory, 'damaged-parts', 'otel_traces'))).toHaveLength(1);
});

it('a part that was only set aside comes back whole', async () => {
  await fill(2);
  const name = (await paths())[0]?.split('/').at(-2) ?? '';
  await runtime?.engine.command(`ALTER TABLE xray.otel_traces DETACH PART '${name}'`);
  await runtime?.close();
  runtime = await open();
  expect(losses()).toEqual([{ table: 'otel_traces', rows: ROWS, cause: 'set-aside', state: 'open' }]);
  const report = await settleStore(runtime, 'repair');
  expect(report.losses).toMatchObject([{ state: 'repaired', rows: 0 }]);
  expect([report.ok, await stored()]).toEqual([true, 2 * ROWS]);
});

it('merges, kills and dropped days are no loss', async () => {
  await fill(4);
  await runtime?.engine.command('SYSTEM START MERGES xray.otel_traces');
  await runtime?.close();
  runtime = await open();
  await runtime.engine.command('OPTIMIZE TABLE xray.otel_traces FINAL');
  // As kill -9 leaves it: what was known is of before the merge.
  const copy = `${directory}-copy`;
  cpSync(directory, copy, { recursive: true });
  await runtime.close();
  runtime = await openTestRuntime({ XRAY_DATA_DIR: copy });
  await runtime.store.check();
  expect([losses(), await stored()]).toEqual([[], 4 * ROWS]);
  await runtime.close();
  runtime = null;
  rmSync(copy, { recursive: true });
});

it('a directory that is removed while X-Ray runs: nothing more is acknowledged', async () => {
  await fill(1);
  rmSync(join(directory, 'clickhouse'), { recursive: true });
  await expect(runtime?.engine.insert('xray.otel_traces', [span(9, 1)])).rejects.toMatchObject({
    code: 'store-unwritable',
    message: expect.stringContaining('was removed or replaced while X-Ray ran'),
  });
});

it('a damaged or missing definition of a table is one sentence, and is put back', async () => {
  await fill(1);
  await runtime?.close();
  runtime = null;
  const engineDirectory = join(directory, 'clickhouse');
  const { definitions } = openStoreState(directory).state();
  const path = Object.keys(definitions).find((file) => file.endsWith('/otel_traces.sql')) ?? '';
  for (const damage of [
    () => writeFileSync(join(engineDirectory, path), 'ATTACH TAB\0'),
    () => rmSync(join(engineDirectory, path)),
  ]) {
    damage();
    await expect(openEngine(directory, null)).rejects.toMatchObject({
      code: 'store-damaged',
      message: expect.stringMatching(
        /^the table definition .*otel_traces.sql is (?:damaged|gone): .*doctor --store --repair/,
      ),
    });
    expect(restoreDefinitions(engineDirectory, definitions)).toEqual([path]);
  }
  runtime = await open();
  expect(await stored()).toBe(ROWS);
});
