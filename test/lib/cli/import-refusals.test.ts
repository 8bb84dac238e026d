/** `xray import` as a child process: what it sets aside or refuses, and how it ends. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fixture, type ImportDesk, openImportDesk, RAY, TORCH } from './import-desk.ts';
import { openRouteFront } from './route-front.ts';
import { runXray } from './run-xray.ts';

// Each command is a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let desk: ImportDesk;
beforeAll(async () => {
  desk = await openImportDesk();
});
afterAll(() => desk.close());

describe('what it sets aside', () => {
  const body =
    gunzipSync(fixture(`${RAY}/oom/events/events.jsonl.gz`))
      .toString()
      .split('\n')[0] ?? '';

  it('a broken line and a record that lacks what its type promises cost themselves alone, with their positions', async () => {
    const good: unknown[] = JSON.parse(body);
    const bad = { ...Object(good[0]), sessionName: '' };
    const path = desk.write('part', [body, '{"eventType": "TASK', JSON.stringify([bad]), body].join('\n'));
    const { code, report } = await desk.importJson([path]);
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
    const { report } = await desk.importJson([desk.write('deep', [body, deep, body].join('\n'))]);
    const n: number = JSON.parse(body).length;
    expect(report.files[0]).toMatchObject({ accepted: 2 * n, rejected: 1 });
    expect(report.files[0]?.rejects[0]).toMatchObject({
      position: n,
      reason: expect.stringContaining('nested deeper'),
    });
  });

  it('gzip that is cut off: what was before is stored, the rest is told', async () => {
    const whole = fixture(`${RAY}/mixed/events/events.jsonl.gz`);
    const { code, report } = await desk.importJson([desk.write('cut.gz', whole.subarray(0, whole.length >> 1))]);
    expect(code).toBe(1);
    expect(report.files[0]).toMatchObject({ kind: 'ray-events', rejected: 1 });
    expect(report.files[0]?.reason).toContain('cut off');
  });

  it('protobuf that is cut off: the requests before it are taken', async () => {
    const whole = gunzipSync(fixture(`${RAY}/mixed/otlp/traces.pb.lp.gz`));
    const { code, report } = await desk.importJson([desk.write('cut.pb', whole.subarray(0, 40_000))]);
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
    const { code, report } = await desk.importJson([desk.write('otlp', [...bodies, bad].join('\n'))]);
    expect(code).toBe(1);
    expect(report.files[0]).toMatchObject({ kind: 'otlp-json', rejected: 1 });
    expect(report.files[0]?.rejects[0]?.position).toBe(report.accepted);
  });

  const OTHERS: readonly (readonly [string, string | Buffer, string])[] = [
    ['empty', '', 'the file is empty'],
    ['blanks', ' \n\n', 'the file is blank'],
    ['text', 'hello there', 'text that begins with "hello there"'],
    ['junk', Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 7919) % 256)), 'binary data that begins with'],
    ['zip', Buffer.from('504b0304000000', 'hex'), 'a zip archive'],
    ['pickle', Buffer.from('800495ffff', 'hex'), 'a Python pickle'],
    ['gzip in gzip', gzipSync(gzipSync('[]')), 'gzip inside gzip'],
    ['empty gzip', gzipSync(''), 'the file is empty'],
    ['damaged gzip', Buffer.from('1f8b0800ffffffffffffffffffff', 'hex'), 'damaged'],
    ['empty list', '[]', 'an empty list'],
    ['no JSON', '{"eventType": ', 'starts like JSON but is not valid JSON'],
    ['chrome object', '{"otherData": {}, "traceEvents": []}', "a Chrome trace that is neither Ray's nor PyTorch"],
    ['chrome', '[{"ph":"X","pid":1,"tid":1,"ts":1,"dur":1,"name":"a"}]', "Chrome trace events that is not Ray's"],
    ['spark', '{"Event":"SparkListenerLogStart","Spark Version":"3.5.9"}\n{"Event":"x"}', 'a Spark event log'],
    ['metrics', '# HELP up 1\n# TYPE up gauge\nup 1\n', 'metrics in text form'],
    ['OTLP metrics', '{"resourceMetrics":[]}', 'OTLP metrics'],
    ['other JSON', '{"a":1,"b":2}', 'JSON with the keys a, b'],
  ];
  it('everything else is refused by name', async () => {
    const paths = OTHERS.map(([name, content]) => desk.write(`other-${name.replace(/ /g, '-')}`, content));
    const { code, report, stderr } = await desk.importJson(paths);
    expect({ code, stderr, accepted: report.accepted }).toEqual({ code: 1, stderr: '', accepted: 0 });
    report.files.forEach((file, i) => {
      expect(file).toMatchObject({ kind: 'unknown', rejected: 1 });
      expect(file.reason).toContain(OTHERS[i]?.[2]);
    });
    expect(report.files.length).toBe(OTHERS.length);
  });

  it("an answer of Ray's State API is refused by name, longer than what is looked at", async () => {
    const { report } = await desk.importJson([`${RAY}/mixed/http/after/tasks.json.gz`]);
    expect(report.files[0]?.reason).toContain("an answer of Ray's State API");
  });

  it('a line of 70 MB costs itself alone, and not the memory', async () => {
    const long = `{"eventType":"X","sessionName":"${'x'.repeat(70 * 1024 ** 2)}"}`;
    const { report } = await desk.importJson([desk.write('long', [body, long, body].join('\n'))]);
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
    const closed = await openRouteFront(desk.runtime, 'secret');
    const without = await runXray(['import', '--xray', closed.url, 'README.md']);
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining('wants a token') });
    const wrong = await runXray(['import', '--xray', closed.url, 'README.md'], { env: { XRAY_AUTH_TOKEN: 'no' } });
    expect(wrong.stderr).toContain('refuses the one in XRAY_AUTH_TOKEN');
    const right = await runXray(['import', '--xray', closed.url, `${TORCH}/000.pb`], {
      env: { XRAY_AUTH_TOKEN: 'secret' },
    });
    expect(right).toMatchObject({ code: 0, stdout: expect.stringContaining('9 taken') });
    await closed.close();
    const elsewhere = await runXray(['import', '--xray', `${desk.front.url}/nowhere`, 'README.md']);
    expect(elsewhere).toMatchObject({ code: 2, stderr: expect.stringContaining('is not X-Ray') });
  });

  it('waits where the queue is full, as long as Retry-After says', async () => {
    desk.front.interrupt([
      new Response('', { status: 429, headers: { 'retry-after': '1' } }),
      new Response('', { status: 503 }),
    ]);
    const started = Date.now();
    const { code, report } = await desk.importJson([`${TORCH}/000.pb`]);
    expect({ code, accepted: report.accepted }).toEqual({ code: 0, accepted: 9 });
    expect(Date.now() - started).toBeGreaterThan(1200);
  });

  it('1 for a path that is not there, and the others are taken', async () => {
    const { code, report } = await desk.importJson(['nowhere.json', `${TORCH}/000.pb`]);
    expect(code).toBe(1);
    expect(report.files[0]).toMatchObject({ path: 'nowhere.json', reason: 'there is no such file' });
    expect(report.accepted).toBe(9);
  });

  it('a directory within a directory is read, hidden files are not', async () => {
    const inner = join(desk.folder, 'outer', 'inner');
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, 'a.pb'), fixture(`${TORCH}/000.pb`));
    writeFileSync(join(inner, '.hidden'), 'x');
    const { code, report } = await desk.importJson([join(desk.folder, 'outer')]);
    expect(code).toBe(0);
    expect(report.files.map((file) => file.path)).toEqual([join(inner, 'a.pb')]);
  });
});
