/** `xray import` as a child process: every kind from recordings of real systems, and everything that is none. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ImportReport, type ImportReportWire } from '../../lib/contract/cli.ts';
import { listJobs } from '../../lib/server/jobs.ts';
import type { Runtime } from '../../lib/server/runtime.ts';
import { summariseTasks } from '../../lib/server/tasks.ts';
import { openTestRuntime } from '../server/open-runtime.ts';
import { recorded, truth } from '../server/recordings.ts';
import { openRouteFront, type RouteFront } from './route-front.ts';
import { root, runXray } from './run-xray.ts';

const RAY = 'test/fixtures/ray/2.58.0';
const TORCH = 'test/fixtures/torch/2.15.0/otlp-steps';
const fixture = (path: string): Buffer => readFileSync(join(root, path));

// Each command is a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

let runtime: Runtime;
let front: RouteFront;
let folder = '';

beforeAll(async () => {
  runtime = await openTestRuntime();
  front = await openRouteFront(runtime);
  folder = mkdtempSync(join(tmpdir(), 'xray-import-'));
});
afterAll(async () => {
  await front.close();
  await runtime.close();
  rmSync(folder, { recursive: true, force: true });
});

async function importJson(
  args: readonly string[],
  input?: Buffer,
): Promise<{ code: number | null; report: ImportReportWire; stderr: string }> {
  const ran = await runXray(['import', '--json', '--xray', front.url, ...args], input ? { input } : {});
  const parsed: unknown = JSON.parse(ran.stdout);
  return { code: ran.code, report: z.strictObject(ImportReport.shape).parse(parsed), stderr: ran.stderr };
}

function write(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const Recorded = z.object({ recorded: z.object({ events: z.number(), spans: z.number() }) });

const storedSpans = async (): Promise<number> => {
  const [row] = await runtime.engine.select({
    name: 'stored-spans',
    sql: 'SELECT count() AS spans FROM xray.otel_traces',
    row: z.object({ spans: z.coerce.number() }),
  });
  return row?.spans ?? 0;
};

describe('what it takes', () => {
  const counted = Recorded.parse(recorded('mixed', 'truth.json')).recorded;

  it('Ray events, one request body on each line, gzip: as many as were recorded, and their counts', async () => {
    const { code, report } = await importJson([`${RAY}/oom/events/events.jsonl.gz`, '--cluster', 'training']);
    const { events } = Recorded.parse(recorded('oom', 'truth.json')).recorded;
    expect({ code, accepted: report.accepted, rejected: report.rejected }).toEqual({
      code: 0,
      accepted: events,
      rejected: 0,
    });
    expect(report.files[0]).toMatchObject({ kind: 'ray-events', rejects: [], reason: null });
    const expected = truth('oom').executions_per_job_and_function;
    for (const [jobId, functions] of Object.entries(expected)) {
      const summary = await summariseTasks(runtime, { jobId, cluster: 'training' });
      for (const [name, ran] of Object.entries(functions))
        expect([name, summary.functions.find((row) => row.name === name)?.ran]).toEqual([name, ran]);
    }
  });

  it('Ray events, one on each line, and one list, by content whatever the name', async () => {
    const events = gunzipSync(fixture(`${RAY}/oom/events/events.jsonl.gz`))
      .toString()
      .trim()
      .split('\n')
      .flatMap((line): unknown[] => JSON.parse(line));
    const paths = [
      write('lines.png', events.map((event) => JSON.stringify(event)).join('\n')),
      write('list.csv', JSON.stringify(events)),
      write('pretty', JSON.stringify(events, null, 2)),
    ];
    const { code, report } = await importJson(paths);
    expect(code).toBe(0);
    expect(report.files.map((file) => [file.kind, file.accepted])).toEqual(
      paths.map(() => ['ray-events', events.length]),
    );
  });

  it('OTLP of a recorded Ray cluster: length-prefixed protobuf and JSON lines, all spans', async () => {
    const before = await storedSpans();
    const { code, report } = await importJson([`${RAY}/mixed/otlp`]);
    expect(code).toBe(0);
    expect(report.files.map((file) => [file.kind, file.accepted])).toEqual([
      ['otlp-json', counted.spans],
      ['otlp-protobuf', counted.spans],
    ]);
    expect((await storedSpans()) - before).toBe(2 * counted.spans);
  });

  it('OTLP of a training run: single bodies, protobuf and JSON, gzip or not; other files are passed over', async () => {
    const { code, report } = await importJson([TORCH]);
    const index = z
      .array(z.object({ body: z.string(), json: z.string(), spans: z.number() }))
      .parse(JSON.parse(fixture(`${TORCH}/index.json`).toString()));
    expect(code).toBe(0);
    for (const { body, json, spans } of index) {
      expect(report.files.find((file) => file.path.endsWith(`/${body}`))).toMatchObject({
        kind: 'otlp-protobuf',
        accepted: spans,
      });
      expect(report.files.find((file) => file.path.endsWith(`/${json}`))).toMatchObject({
        kind: 'otlp-json',
        accepted: spans,
      });
    }
    const others = report.files.filter((file) => file.kind === 'unknown');
    expect(others.map((file) => [file.path.split('/').pop(), file.ignored, file.rejected])).toEqual([
      ['PROVENANCE.md', 1, 0],
      ['index.json', 1, 0],
      ['truth.json', 1, 0],
    ]);
  });

  it.each([
    [`${RAY}/mixed/http/after/tasks_timeline.json.gz`, 'ray-timeline-a'],
    [`${RAY}/oom/timeline/ray_timeline_after.json`, 'ray-timeline-b'],
  ])('timeline %s, the same session at every import', async (path, kind) => {
    const bytes = fixture(path);
    const content = path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    const events: unknown[] = JSON.parse(content.toString());
    const name = createHash('sha256').update(content).digest('hex').slice(0, 16);
    const first = await importJson([path]);
    const [file] = first.report.files;
    expect(file).toMatchObject({ kind, rejected: 0 });
    expect((file?.accepted ?? 0) + (file?.ignored ?? 0)).toBe(events.length);
    const sessions = async () =>
      new Set((await listJobs(runtime, { limit: 1000, internal: true })).jobs.map((job) => job.session));
    const before = await sessions();
    expect(before).toContain(`imported:${name}`);
    await importJson(['-'], gzipSync(content));
    expect(await sessions()).toEqual(before);
  });

  it('a timeline too large for one request goes in parts that cut no task in two', async () => {
    // SYNTHETIC: the recorded file three times over, with task ids of their own.
    const one = gunzipSync(fixture(`${RAY}/truncated/timeline/ray_timeline_after.json.gz`))
      .toString()
      .trim();
    const copies = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc'].map((mark) =>
      one.slice(1, -1).replace(/("task_id": ?"[0-9a-f]{8})[0-9a-f]{8}/g, `$1${mark}`),
    );
    const path = write('large-timeline', `[${copies.join(',')}]`);
    const before = front.seen();
    const { code, report } = await importJson([path]);
    const count = JSON.parse(one).length;
    expect({ code, accepted: report.accepted }).toEqual({ code: 0, accepted: 3 * count });
    expect(front.seen() - before).toBe(2);
    const name = createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16);
    const { functions } = await summariseTasks(runtime, { jobId: '01000000', session: `imported:${name}` });
    const attempts = Object.fromEntries(functions.map((row) => [row.name, row.attempts]));
    const states = new Set(functions.flatMap((row) => Object.keys(row.byState)));
    expect([attempts.parse_line, attempts.hash_key]).toEqual([3 * 7000, 3 * 4000]);
    expect(states).toEqual(new Set(['FINISHED', 'FAILED']));
  });

  it('people are told per file', async () => {
    const ran = await runXray(['import', '--xray', front.url, `${RAY}/oom/events/events.jsonl.gz`, 'README.md']);
    expect(ran.stdout).toContain('Ray events, 622 taken');
    expect(ran.stdout).toContain('refused      README.md: text that begins with "# X-Ray"');
    expect(ran.stdout).toContain('622 taken, 1 rejected');
    expect(ran.code).toBe(1);
  });
});

describe('what it sets aside', () => {
  const body =
    gunzipSync(fixture(`${RAY}/oom/events/events.jsonl.gz`))
      .toString()
      .split('\n')[0] ?? '';

  it('a broken line and a record that lacks what its type promises cost themselves alone, with their positions', async () => {
    const good: unknown[] = JSON.parse(body);
    const bad = { ...Object(good[0]), sessionName: '' };
    const path = write('part', [body, '{"eventType": "TASK', JSON.stringify([bad]), body].join('\n'));
    const { code, report } = await importJson([path]);
    const n = good.length;
    expect(code).toBe(1);
    expect(report.files[0]).toMatchObject({ kind: 'ray-events', accepted: 2 * n, rejected: 2 });
    expect(report.files[0]?.rejects.map(({ position }) => position)).toEqual([n, n + 1]);
    expect(report.files[0]?.rejects.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('line 2: not JSON'),
      'sessionName is missing',
    ]);
  });

  it('a record nested too deep is found among the good ones of its request', async () => {
    const deep = `{"eventType":"X","sessionName":"s","x":${'['.repeat(70)}${']'.repeat(70)}}`;
    const { report } = await importJson([write('deep', [body, deep, body].join('\n'))]);
    const n: number = JSON.parse(body).length;
    expect(report.files[0]).toMatchObject({ accepted: 2 * n, rejected: 1 });
    expect(report.files[0]?.rejects[0]).toMatchObject({
      position: n,
      reason: expect.stringContaining('nested deeper'),
    });
  });

  it('gzip that is cut off: what was before is stored, the rest is told', async () => {
    const whole = fixture(`${RAY}/mixed/events/events.jsonl.gz`);
    const { code, report } = await importJson([write('cut.gz', whole.subarray(0, whole.length >> 1))]);
    expect(code).toBe(1);
    expect(report.files[0]).toMatchObject({ kind: 'ray-events', rejected: 1 });
    expect(report.files[0]?.reason).toContain('cut off');
  });

  it('protobuf that is cut off: the requests before it are taken', async () => {
    const whole = gunzipSync(fixture(`${RAY}/mixed/otlp/traces.pb.lp.gz`));
    const { code, report } = await importJson([write('cut.pb', whole.subarray(0, 40_000))]);
    expect(code).toBe(1);
    expect(report.accepted).toBeGreaterThan(20);
    expect(report.files[0]).toMatchObject({ kind: 'otlp-protobuf', rejected: 1 });
    expect(report.files[0]?.rejects[0]?.reason).toBe('the file ends inside a request');
  });

  it('a span without an id, in protobuf and JSON, at its position in the file', async () => {
    const bodies = gunzipSync(fixture(`${RAY}/mixed/otlp/traces.jsonl.gz`))
      .toString()
      .trim()
      .split('\n')
      .slice(0, 2);
    const bad = '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"nobody"}]}]}]}';
    const { code, report } = await importJson([write('otlp', [...bodies, bad].join('\n'))]);
    expect(code).toBe(1);
    expect(report.files[0]).toMatchObject({ kind: 'otlp-json', rejected: 1 });
    expect(report.files[0]?.rejects[0]?.position).toBe(report.accepted);
  });

  const OTHERS: readonly (readonly [string, string | Buffer, string])[] = [
    ['empty', '', 'the file is empty'],
    ['blanks', ' \n\n', 'nothing but blanks'],
    ['text', 'hello there', 'text that begins with "hello there"'],
    ['junk', Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 7919) % 256)), 'binary data that begins with'],
    ['zip', Buffer.from('504b0304000000', 'hex'), 'a zip archive'],
    ['pickle', Buffer.from('800495ffff', 'hex'), 'a Python pickle'],
    ['gzip in gzip', gzipSync(gzipSync('[]')), 'gzip inside gzip'],
    ['empty gzip', gzipSync(''), 'the file is empty'],
    ['damaged gzip', Buffer.from('1f8b0800ffffffffffffffffffff', 'hex'), 'damaged'],
    ['empty list', '[]', 'an empty list'],
    ['no JSON', '{"eventType": ', 'begins like JSON, but is not'],
    ['kineto', '{"schemaVersion": 1, "traceEvents": []}', 'a Chrome trace that is not Ray'],
    ['chrome', '[{"ph":"X","pid":1,"tid":1,"ts":1,"dur":1,"name":"a"}]', "Chrome trace events that is not Ray's"],
    ['spark', '{"Event":"SparkListenerLogStart","Spark Version":"3.5.9"}\n{"Event":"x"}', 'a Spark event log'],
    ['metrics', '# HELP up 1\n# TYPE up gauge\nup 1\n', 'metrics in text form'],
    ['OTLP metrics', '{"resourceMetrics":[]}', 'OTLP metrics'],
    ['other JSON', '{"a":1,"b":2}', 'JSON with the keys a, b'],
  ];
  it('everything else is refused by name', async () => {
    const paths = OTHERS.map(([name, content]) => write(`other-${name.replace(/ /g, '-')}`, content));
    const { code, report, stderr } = await importJson(paths);
    expect({ code, stderr, accepted: report.accepted }).toEqual({ code: 1, stderr: '', accepted: 0 });
    report.files.forEach((file, i) => {
      expect(file).toMatchObject({ kind: 'unknown', rejected: 1 });
      expect(file.reason).toContain(OTHERS[i]?.[2]);
    });
    expect(report.files.length).toBe(OTHERS.length);
  });

  it("an answer of Ray's State API is refused by name, longer than what is looked at", async () => {
    const { report } = await importJson([`${RAY}/mixed/http/after/tasks.json.gz`]);
    expect(report.files[0]?.reason).toContain("an answer of Ray's State API");
  });

  it('a line of 70 MB costs itself alone, and not the memory', async () => {
    const long = `{"eventType":"X","sessionName":"${'x'.repeat(70 * 1024 ** 2)}"}`;
    const { report } = await importJson([write('long', [body, long, body].join('\n'))]);
    const n: number = JSON.parse(body).length;
    expect(report.files[0]).toMatchObject({ accepted: 2 * n, rejected: 1 });
    expect(report.files[0]?.rejects[0]?.reason).toContain('the limit is');
  });
});

describe('how it ends', () => {
  it('2 where X-Ray is not there, with what to do', async () => {
    const ran = await runXray(['import', '--xray', 'http://127.0.0.1:9', 'README.md']);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('X-Ray does not answer at http://127.0.0.1:9');
    expect(ran.stderr).toContain('npm start');
    expect(ran.stderr).not.toContain('    at ');
  });

  it('2 where what answers is something else, or wants a token', async () => {
    const closed = await openRouteFront(runtime, 'secret');
    const without = await runXray(['import', '--xray', closed.url, 'README.md']);
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining('wants a token') });
    const wrong = await runXray(['import', '--xray', closed.url, 'README.md'], { env: { XRAY_AUTH_TOKEN: 'no' } });
    expect(wrong.stderr).toContain('refuses the one in XRAY_AUTH_TOKEN');
    const right = await runXray(['import', '--xray', closed.url, `${TORCH}/000.pb`], {
      env: { XRAY_AUTH_TOKEN: 'secret' },
    });
    expect(right).toMatchObject({ code: 0, stdout: expect.stringContaining('9 taken') });
    await closed.close();
    const elsewhere = await runXray(['import', '--xray', `${front.url}/nowhere`, 'README.md']);
    expect(elsewhere).toMatchObject({ code: 2, stderr: expect.stringContaining('is not X-Ray') });
  });

  it('waits where the queue is full, as long as Retry-After says', async () => {
    front.interrupt([
      new Response('', { status: 429, headers: { 'retry-after': '1' } }),
      new Response('', { status: 503 }),
    ]);
    const started = Date.now();
    const { code, report } = await importJson([`${TORCH}/000.pb`]);
    expect({ code, accepted: report.accepted }).toEqual({ code: 0, accepted: 9 });
    expect(Date.now() - started).toBeGreaterThan(1200);
  });

  it('1 for a path that is not there, and the others are taken', async () => {
    const { code, report } = await importJson(['nowhere.json', `${TORCH}/000.pb`]);
    expect(code).toBe(1);
    expect(report.files[0]).toMatchObject({ path: 'nowhere.json', reason: 'there is no such file' });
    expect(report.accepted).toBe(9);
  });

  it('a directory within a directory is read, hidden files are not', async () => {
    const inner = join(folder, 'outer', 'inner');
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, 'a.pb'), fixture(`${TORCH}/000.pb`));
    writeFileSync(join(inner, '.hidden'), 'x');
    const { code, report } = await importJson([join(folder, 'outer')]);
    expect(code).toBe(0);
    expect(report.files.map((file) => file.path)).toEqual([join(inner, 'a.pb')]);
  });
});
