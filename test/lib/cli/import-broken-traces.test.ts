/**
 * `xray import` of traces in which something is broken: it costs itself alone, and a file of which nothing is taken is a failure. Just over 300
 * lines: one list of ways to break a trace.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { tracePieces } from '../../../lib/cli/import/kineto/trace-pieces.ts';
import { fixture, type ImportDesk, openImportDesk } from './import-desk.ts';
import { runXray } from './run-xray.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const FIELD = 'test/fixtures/torch/synthetic';
let desk: ImportDesk;
beforeAll(async () => {
  desk = await openImportDesk();
});
afterAll(() => desk.close());

const importText = async (name: string, text: string) =>
  (await desk.importJson([desk.write(name, text)])).report.files[0];
const T0 = 1_795_990_000_000_000n;
let at = T0;
/** A good event as kineto prints it, a millisecond after the one before. */
const event = (name: string, more = ''): string => {
  at += 1000n;
  return `{"ph": "X", "cat": "cpu_op", "name": "${name}", "pid": 1, "tid": 1, "ts": ${at}.125, "dur": 5${more}}`;
};
const trace = (events: readonly string[], top = ''): string =>
  `{"schemaVersion": 1,${top} "traceEvents": [\n${events.join(',\n')}\n], "traceName": "synthetic"}`;

describe('of the field', () => {
  it.each([
    ['kineto-rank-only/rank0.json', 2, 0],
    ['kineto-rank-only/backend-only.json', 1, 0],
    ['kineto-control-char/t.json', 3, 0],
    ['kineto-duplicated/t.json', 6, 1],
    ['kineto-quotes/odd.json', 4, 1],
    ['kineto-quotes/even.json', 4, 1],
    ['kineto-quotes/brace.json', 4, 1],
    ['kineto-list/list.json', 2, 0],
    ['kineto-list/object-operator.json', 1, 0],
  ])('%s: %i taken, %i set aside', async (path, accepted, rejected) => {
    const { code, report } = await desk.importJson([`${FIELD}/${path}`]);
    expect([report.accepted, report.rejected, code]).toEqual([accepted, rejected, rejected > 0 ? 1 : 0]);
    expect(report.files[0]?.kind).toBe('kineto');
    if (path.includes('quotes')) expect(report.files[0]?.rejects[0]?.reason).toMatch(/^line 11: /);
  });

  it('a begin and its end are one span, what is not finite in arguments is kept as text, a name that is null is its category', async () => {
    const rows = await desk.runtime.engine.select({
      name: 'duplicated',
      sql: `SELECT SpanName AS name, toString(Duration) AS duration, SpanAttributes['kineto.occ'] AS occ FROM xray.otel_traces
        WHERE (name = 'begin' OR occ != '' OR (name = 'cpu_op' AND Timestamp < '2026-12-01')) ORDER BY name`,
      row: z.object({ name: z.string(), duration: z.string(), occ: z.string() }),
    });
    expect(rows).toEqual([
      { name: 'begin', duration: '5000', occ: '' },
      { name: 'cpu_op', duration: '1000', occ: '' },
      { name: 'inf bw', duration: '1000', occ: '-nan' },
    ]);
  });

  it('times that count from nobody knows when are refused by name', async () => {
    const { code, report } = await desk.importJson([`${FIELD}/kineto-list/legacy.json`]);
    expect([code, report.accepted, report.rejected]).toEqual([1, 0, 1]);
    expect(report.files[0]?.reason).toContain("a list of Chrome trace events that is not Ray's");
  });
});

describe('SYNTHETIC', () => {
  const BROKEN = ['size 5" disk(3): read', '{"a": {"b(3): f', '"', 'a}"}, {"x": "', '[1, "2], {', 'ends with \\'];

  it('every second event broken in another way: all others are taken, wherever a chunk of the file ends', async () => {
    const names: string[] = [];
    const events = BROKEN.flatMap((name, i) => {
      names.push(`good ${i}`);
      return [event(`good ${i}`), event(name)];
    });
    names.push('good last');
    const text = trace([...events, event('good last')]);
    for (const size of [1, 7, 64, 4096]) {
      const found: string[] = [];
      let tops = 0;
      const chunks = Buffer.from(text);
      async function* cut(): AsyncGenerator<Buffer> {
        for (let from = 0; from < chunks.length; from += size) yield chunks.subarray(from, from + size);
      }
      for await (const piece of tracePieces(cut(), 1e6)) {
        if ('top' in piece) tops += 1;
        if ('event' in piece) found.push(z.looseObject({ name: z.string().default('') }).parse(piece.event).name);
      }
      expect(names.filter((name) => !found.includes(name))).toEqual([]);
      expect(tops).toBe(1);
    }
    const file = await importText('broken.json', text);
    expect(
      file?.rejects.every(({ reason }) => /^line \d+: /.test(reason) && !/zod|invalid_type|Unexpected/.test(reason)),
    ).toBe(true);
  });

  it('the first and the last event broken: the rest is taken, and the base of the times behind them is found', async () => {
    const relative = (name: string, ts: number): string =>
      `{"ph": "X", "cat": "cpu_op", "name": "${name}", "pid": 1, "tid": 1, "ts": ${ts}.5, "dur": 5}`;
    const events = [
      relative('a "quoted', 10),
      relative('good', 20),
      relative('also good', 30),
      relative('b "quoted', 40),
    ];
    const text = `{"schemaVersion": 1, "traceEvents": [${events.join(', ')}], "baseTimeNanoseconds": 1795990000000000123}`;
    expect(await importText('ends.json', text)).toMatchObject({ accepted: 2, rejected: 2 });
    const [row] = await desk.runtime.engine.select({
      name: 'rescued-base',
      sql: `SELECT toString(toUnixTimestamp64Nano(Timestamp)) AS start FROM xray.otel_traces WHERE SpanName = 'also good'`,
      row: z.object({ start: z.string() }),
    });
    expect(row?.start).toBe('1795990000000030623');
  });

  it('what other writers put into JSON: commas at the end, backslashes, None, NaN, numbers of 64 bits, a base as text', async () => {
    const events = [
      event('C:\\Users\\me\\train.py(3): f'),
      event(
        'trailing',
        ', "args": {"a": [1, 2,], "b": None, "c": nan, "big": [18446744073709551615], "deep": {"id": 9007199254740993},},',
      ),
      event('text').replace(/"ts": ([\d.]+)/, '"ts": "$1"'),
      event('no end').replace(', "dur": 5', ''),
      event('exponent').replace(/"ts": [\d.]+/, '"ts": 1.795990000000000e15'),
    ];
    const file = await importText(
      'writers.json',
      trace(events, ' "baseTimeNanoseconds": "0", "distributedInfo": [1],'),
    );
    expect([file?.accepted, file?.rejected, file?.notes]).toEqual([
      5,
      0,
      ['distributedInfo is not an object: left out'],
    ]);
    const [row] = await desk.runtime.engine.select({
      name: 'big-numbers',
      sql: `SELECT SpanAttributes['kineto.big'] AS big, SpanAttributes['kineto.deep'] AS deep FROM xray.otel_traces WHERE SpanName = 'trailing'`,
      row: z.object({ big: z.string(), deep: z.string() }),
    });
    expect([row?.big, row?.deep]).toEqual(['["18446744073709551615"]', '{"id":"9007199254740993"}']);
  });

  it('facts beside the events that are broken cost nothing but themselves', async () => {
    for (const [name, top, note] of [
      [
        'groups',
        '"distributedInfo": {"rank": "3", "world_size": 8, "pg_config": [7, {"pg_name": "0", "ranks": "all"}]},',
        /1 of 2 groups/,
      ],
      ['base', '"baseTimeNanoseconds": "soon",', /baseTimeNanoseconds is "soon"/],
      [
        'top',
        '"host_name": "a "b" c", "distributedInfo": {"rank": 1, "world_size": 2},',
        /the JSON around the events is broken: fields were read from it by name/,
      ],
    ] as const) {
      const file = await importText(`top-${name}.json`, trace([event(`under ${name}`)], top));
      expect([name, file?.accepted, file?.rejected]).toEqual([name, 1, 0]);
      expect(file?.notes.join()).toMatch(note);
    }
    const ranks = await desk.runtime.engine.select({
      name: 'ranks-of-broken',
      sql: `SELECT SpanName AS name, ResourceAttributes['xray.rank'] AS rank FROM xray.otel_traces WHERE startsWith(name, 'under ') ORDER BY name`,
      row: z.object({ name: z.string(), rank: z.string() }),
    });
    expect(ranks.map(({ rank }) => rank)).toEqual(['', '3', '1']);
  });

  it('ends without begins and begins without ends', async () => {
    const phase = (ph: string, tid: number): string =>
      event('nested')
        .replace('"ph": "X"', `"ph": "${ph}"`)
        .replace('"tid": 1', `"tid": ${tid}`)
        .replace(', "dur": 5', '');
    const file = await importText(
      'phases.json',
      trace([phase('E', 1), phase('B', 2), phase('B', 2), phase('E', 2), phase('E', 2), phase('B', 3)]),
    );
    expect([file?.accepted, file?.rejects]).toEqual([
      3,
      [{ position: 0, reason: 'line 2: an end (phase E) without its begin' }],
    ]);
  });

  it('a million quotes cost no minute', async () => {
    const events = Array.from({ length: 20_000 }, (_, i) => event(i % 2 === 0 ? `good ${i}` : `bad " ${i}`));
    const started = Date.now();
    let good = 0;
    async function* chunks(): AsyncGenerator<Buffer> {
      const all = Buffer.from(trace(events));
      for (let from = 0; from < all.length; from += 65_536) yield all.subarray(from, from + 65_536);
    }
    for await (const piece of tracePieces(chunks(), 64 * 1024 ** 2)) if ('event' in piece) good += 1;
    expect(good).toBe(10_000);
    expect(Date.now() - started).toBeLessThan(20_000);
  });
});

describe('a trace of one line', () => {
  it('costs no search of the whole buffer for each event', async () => {
    // 8 MB in one piece: 40,000 events, each of which would search all that is behind it.
    const body = Array.from({ length: 40_000 }, (_, i) => event(`op ${i}`, `, "args": {"of": "${'x'.repeat(80)}"}`));
    const text = Buffer.from(`{"traceEvents": [${body.join(', ')}]}`);
    async function* whole(): AsyncGenerator<Buffer> {
      yield text;
    }
    const started = performance.now();
    let good = 0;
    for await (const piece of tracePieces(whole(), 64 * 1024 ** 2)) if ('event' in piece && piece.line === 1) good += 1;
    expect(good).toBe(40_000);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('lines are counted up to the event, not beyond it', async () => {
    const text = Buffer.from(`{"traceEvents": [\n${event('a')},\n\n${event('b')}, ${event('c')}\n]}\n\n`);
    for (const size of [1, 50, 1e6]) {
      const lines: number[] = [];
      async function* cut(): AsyncGenerator<Buffer> {
        for (let from = 0; from < text.length; from += size) yield text.subarray(from, from + size);
      }
      for await (const piece of tracePieces(cut(), 1e6)) if ('event' in piece) lines.push(piece.line);
      expect(lines).toEqual([2, 4, 4]);
    }
  });
});

describe('a compressed trace that was cut off', () => {
  it.each([
    ['gz', gzipSync, 'gzip'],
    ['zst', zstdCompressSync, 'zstd'],
  ] as const)('%s: its whole events are taken, and where it ends is said', async (name, compress, message) => {
    const noise = (i: number): string => createHash('sha512').update(String(i)).digest('base64');
    const events = Array.from({ length: 30_000 }, (_, i) =>
      event(`cut ${name} ${i}`, `, "args": {"n": "${noise(i)}"}`),
    );
    const packed = compress(trace(events));
    const path = desk.write(`cut-off.${name}`, packed.subarray(0, Math.floor(packed.length * 0.9)));
    const first = await desk.importJson([path]);
    const [file] = first.report.files;
    expect(first.code).toBe(1);
    expect(file?.accepted).toBeGreaterThan(25_000);
    expect(file?.rejects.map(({ position, reason }) => [position, reason.replace(/^line \d+: /, '')])).toEqual([
      [file?.accepted, `the ${message} data ends too early: the file is cut off`],
      [file?.accepted, 'the file ends inside an event'],
    ]);
    // Again: the same spans.
    expect((await desk.importJson([path])).report.accepted).toBe(file?.accepted);
    const [stored] = await desk.runtime.engine.select({
      name: 'cut-off',
      sql: `SELECT toString(uniqExact(TraceId, SpanId)) AS spans FROM xray.otel_traces WHERE startsWith(SpanName, 'cut ${name} ')`,
      row: z.object({ spans: z.string() }),
    });
    expect(stored?.spans).toBe(String(file?.accepted));
  });
});

describe('nothing taken', () => {
  it('a folder of Flight Recorder dumps, an empty folder and a trace without spans end with 1, and say so', async () => {
    const folder = join(desk.folder, 'dumps');
    mkdirSync(join(desk.folder, 'empty'), { recursive: true });
    mkdirSync(folder);
    for (const rank of [0, 1])
      writeFileSync(join(folder, `nccl_trace_rank_${rank}`), Buffer.from('80025d710028', 'hex'));
    const { code, report } = await desk.importJson([folder, join(desk.folder, 'empty')]);
    expect([code, report.accepted, report.nothingTaken]).toEqual([1, 0, [folder, join(desk.folder, 'empty')]]);
    const spanless = desk.write('spanless.json', trace([event('counter').replace('"ph": "X"', '"ph": "C"')]));
    const ran = await runXray(['import', '--xray', desk.front.url, spanless, folder]);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('nothing      ');
    expect(ran.stdout).toContain('none of its 1 records holds anything X-Ray shows');
    expect(ran.stdout).toContain(`nothing was taken of ${folder}`);
    expect(ran.stdout).toContain('a Python pickle (a PyTorch Flight Recorder dump is one)');
  });

  it('zstd is read: a trace is taken, and a log of Spark is refused as one', async () => {
    const text = trace([event('within zstd')]);
    const taken = await desk.importJson([desk.write('t.json.zst', zstdCompressSync(text))]);
    expect([taken.code, taken.report.accepted]).toEqual([0, 1]);
    const two = Buffer.concat([zstdCompressSync(text.slice(0, 40)), zstdCompressSync(text.slice(40))]);
    expect((await desk.importJson([desk.write('frames.zst', two)])).report.accepted).toBe(1);
    const spark = '{"Event":"SparkListenerLogStart","Spark Version":"3.5.9"}\n{"Event":"x"}\n';
    const refused = await desk.importJson([desk.write('app.zstd', zstdCompressSync(spark))]);
    expect([refused.code, refused.report.files[0]?.reason]).toEqual([1, 'a Spark event log']);
    const cut = await desk.importJson([desk.write('cut.zst', zstdCompressSync(text.repeat(50)).subarray(0, 60))]);
    expect(cut.code).toBe(1);
    expect(cut.report.files[0]?.reason ?? cut.report.files[0]?.rejects[0]?.reason).toMatch(/zstd|cut/);
    const inner = await desk.importJson([desk.write('twice.zst', zstdCompressSync(gzipSync(text)))]);
    expect(inner.report.files[0]?.reason).toBe('gzip inside gzip or zstd');
  });

  it('a recorded trace whose every hundredth event is broken loses no other', async () => {
    const whole = gunzipSync(fixture('test/fixtures/torch/2.15.0/kineto-ddp/rank0.pt.trace.json.gz')).toString();
    let [seen, broken] = [0, 0];
    const damaged = whole.replace(/"cat": "cpu_op",\s*"name": "/g, (found) => {
      seen += 1;
      if (seen % 100 !== 0) return found;
      broken += 1;
      return `${found}a " b `;
    });
    expect(broken).toBeGreaterThan(3);
    const before = await desk.importJson(['test/fixtures/torch/2.15.0/kineto-ddp/rank0.pt.trace.json.gz']);
    const { report } = await desk.importJson([desk.write('hundredth.json', damaged)]);
    expect([report.accepted, report.rejected]).toEqual([before.report.accepted - broken, broken]);
  });
});
