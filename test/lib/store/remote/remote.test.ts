/**
 * The HTTP transport against chdb behind a small HTTP front (clickhouse-http.ts), side by side with chdb in process: the
 * same rows in, the same answers out, every exported query of lib/store/queries.
 *
 * Not proven by this: a ClickHouse server's own HTTP handler (its header limits, compression, users and quotas, keep-alive),
 * replication and clusters, TLS, and versions other than the one inside chdb.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createIngest } from '../../../../lib/server/ingest/create-ingest.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { createTelemetry } from '../../../../lib/server/telemetry/telemetry.ts';
import { createTimelineIndexer } from '../../../../lib/server/tiles/indexer.ts';
import { watchStoredAttempts } from '../../../../lib/server/tiles/stored-attempts.ts';
import type { Engine, Param, Query } from '../../../../lib/store/engine.ts';
import { migrate } from '../../../../lib/store/migrate.ts';
import { openEngine } from '../../../../lib/store/open-engine.ts';
import { MIGRATIONS } from '../../../../lib/store/schema/migrations.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { eventBodies, postEvents } from '../../../support/recordings.ts';

type AnyQuery = Query<unknown>;
const isQuery = (value: unknown): value is AnyQuery =>
  typeof value === 'object' && value !== null && 'name' in value && 'sql' in value && 'row' in value;

const folder = new URL('../../../../lib/store/queries/', import.meta.url);
const queries: AnyQuery[] = [];
for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))) {
  const exported: Record<string, unknown> = await import(new URL(file, folder).href);
  queries.push(...Object.values(exported).filter(isQuery));
}

/** A value for every {name:Type} of a query; `full` gives text and lists something in them. */
function sampleParams(sql: string, full: boolean): Record<string, Param> {
  const params: Record<string, Param> = {};
  for (const [, name, type] of sql.matchAll(/\{(\w+):([^}]+)\}/g)) {
    if (!name || !type) continue;
    if (/^Array\(.*String\)/.test(type)) params[name] = full ? ["it's", 'a\\b'] : [];
    else if (type.startsWith('Array')) params[name] = full ? [1, 2] : [];
    else if (type.includes('String')) params[name] = full ? 'x' : '';
    else if (/limit/i.test(name)) params[name] = 1000;
    else if (/(^|[a-z])(to|until|end|max\w*)$/i.test(name)) params[name] = 2_000_000_000_000_000_000n;
    else params[name] = 0;
  }
  if ('parts' in params) params.parts = 1;
  // Widths and steps divide.
  for (const name of ['step', 'bin', 'width', 'bucket', 'stepNs', 'binNs'])
    if (name in params) params[name] = 1_000_000_000;
  return params;
}

/** What an indexer chooses by the clock, in whole seconds, and what is made of it. */
const CHOSEN = new Set(['lane', 'generation', 'until', 'version']);
const rowsAsText = (rows: readonly unknown[]): string[] =>
  rows
    .map((row) =>
      JSON.stringify(row, (key, value) => (CHOSEN.has(key) ? '' : typeof value === 'bigint' ? String(value) : value)),
    )
    .sort();

const one = <Row extends z.ZodRawShape>(name: string, sql: string, shape: Row) => ({ name, sql, row: z.object(shape) });

let local: Runtime;
let remote: Engine;
let url = '';
let peer: ChildProcess;
/** By indexers that come when everything is stored: lanes that were laid before are laid anew, and how often is a matter of time. */
async function keptOnce(...engines: readonly Engine[]): Promise<void> {
  const indexers = engines.map((engine) => createTimelineIndexer(watchStoredAttempts(engine), createTelemetry()));
  await Promise.all(indexers.map((indexer) => indexer.keep()));
  await Promise.all(indexers.map((indexer) => indexer.close()));
}
const directory = mkdtempSync(join(tmpdir(), 'xray-peer-'));

beforeAll(async () => {
  local = await openTestRuntime();
  const script = new URL('../clickhouse-http.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, directory], {
    // Every request holds a thread of the peer while it runs; KILL needs one too.
    env: { ...process.env, UV_THREADPOOL_SIZE: '24' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  peer = child;
  const port = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => resolve(line.replace('ready ', '')));
    child.on('exit', () => reject(new Error('the peer ended')));
  });
  url = `http://127.0.0.1:${port}`;
  remote = await openEngine('', { url, headers: {}, caFile: null });
  await migrate(remote, MIGRATIONS);
  await keptOnce(local.engine, remote);
  await local.timelines.close();
});
afterAll(async () => {
  peer?.kill('SIGKILL');
  await local?.close();
  rmSync(directory, { recursive: true, force: true });
});

const both = (): readonly (readonly [string, Engine])[] => [
  ['chdb', local.engine],
  ['http', remote],
];

/** Runs a query in both; gives back both answers. */
async function askBoth(query: AnyQuery, params: Record<string, Param>): Promise<[string[], string[]]> {
  const [a, b] = await Promise.all(both().map(([, engine]) => engine.select(query, params)));
  return [rowsAsText(a ?? []), rowsAsText(b ?? [])];
}

describe('every query of lib/store/queries, in both transports', () => {
  it('found them', () => {
    expect(queries.length).toBeGreaterThan(15);
    expect(new Set(queries.map((query) => query.name)).size).toBe(queries.length);
  });

  it.each(queries.map((query) => [query.name, query] as const))('%s: an empty store', async (_, query) => {
    for (const full of [false, true]) {
      const [a, b] = await askBoth(query, sampleParams(query.sql, full));
      expect(b).toEqual(a);
    }
  });

  describe('with a recorded cluster', () => {
    beforeAll(async () => {
      const bodies = eventBodies('oom');
      // Closed below: what a session's last word waits for is written then.
      const ingests = [local.engine, remote].map((engine) => createIngest(engine, local.config, createTelemetry()));
      for (const ingest of ingests) await postEvents({ ...local, ingest }, bodies);
      const spans = gunzipSync(
        readFileSync(new URL('../../../fixtures/torch/2.15.0/otlp-steps/001.json.gz', import.meta.url)),
      );
      for (const ingest of ingests) {
        await ingest.traces({ bytes: spans, contentType: 'application/json', contentEncoding: '', cluster: null });
        await ingest.close();
      }
      await keptOnce(local.engine, remote);
    });

    it.each(queries.map((query) => [query.name, query] as const))('%s', async (_, query) => {
      const session = await local.engine.select(
        one('any-session', 'SELECT session FROM xray.ray_sessions LIMIT 1', { session: z.string() }),
      );
      const params = sampleParams(query.sql, false);
      if ('session' in params) params.session = session[0]?.session ?? '';
      if ('job' in params) params.job = '01000000';
      const [a, b] = await askBoth(query, params);
      expect(b).toEqual(a);
    });
  });
});

describe('text travels unchanged', () => {
  const nasty = [
    "it's",
    'a\\b',
    'tab\there',
    'line\nfeed',
    'cr\rhere',
    'quote"',
    'ünïcödé 🔬',
    "\\'",
    '\\N',
    '{x:String}',
    '',
    'nul\u0000byte',
  ];

  it.each(nasty.map((text) => [JSON.stringify(text), text] as const))(
    'as a parameter and as a row: %s',
    async (_, text) => {
      const echo = one('echo', 'SELECT {text:String} AS text, {list:Array(String)} AS list', {
        text: z.string(),
        list: z.array(z.string()),
      });
      for (const [name, engine] of both()) {
        expect([name, await engine.select(echo, { text, list: [text, 'b'] })]).toEqual([
          name,
          [{ text, list: [text, 'b'] }],
        ]);
        await engine.insert('xray.kept_logs', [{ session: 'echo', job_id: text, text }]);
        const kept = one(
          'kept',
          "SELECT text FROM xray.kept_logs WHERE session = 'echo' AND job_id = {text:String} LIMIT 1",
          {
            text: z.string(),
          },
        );
        expect([name, await engine.select(kept, { text })]).toEqual([name, [{ text }]]);
      }
    },
  );

  it('half a surrogate pair becomes U+FFFD', async () => {
    for (const [name, engine] of both()) {
      await engine.insert('xray.kept_logs', [{ session: 'half', job_id: name, text: 'a\ud800b' }]);
      const kept = one(
        'kept-half',
        "SELECT text FROM xray.kept_logs WHERE session = 'half' AND job_id = {name:String}",
        {
          text: z.string(),
        },
      );
      expect(await engine.select(kept, { name })).toEqual([{ text: 'a\ufffdb' }]);
    }
  });
});

describe('limits and refusals have the same codes', () => {
  const slow = one('slow', 'SELECT sum(sipHash64(number)) AS n FROM numbers(1000000000000)', { n: z.string() });
  const many = one('many', 'SELECT number AS n FROM numbers(1000)', { n: z.string() });
  it('time: store-timeout', async () => {
    for (const [name, engine] of both())
      await expect(engine.select(slow, {}, { timeoutMs: 300 }), name).rejects.toMatchObject({ code: 'store-timeout' });
  });

  it('rows: store-row-limit, never a silent cut', async () => {
    for (const [name, engine] of both())
      await expect(engine.select(many, {}, { maxRows: 10 }), name).rejects.toMatchObject({ code: 'store-row-limit' });
  });

  it('cancelled queries end in the engine too: what would run for 20 s makes room at once', async () => {
    for (const [name, engine] of both()) {
      const controller = new AbortController();
      const requested = Array.from({ length: 5 }, () => engine.select(slow, {}, { signal: controller.signal }));
      const refused = requested.map((one) => expect(one, name).rejects.toMatchObject({ code: 'store-cancelled' }));
      await new Promise((resolve) => setTimeout(resolve, 500));
      controller.abort();
      await Promise.all(refused);
      expect((await engine.select(many, {}, { timeoutMs: 15_000 })).length).toBe(1000);
    }
  });

  it('parameters of queries side by side do not mix', async () => {
    const echo = one('echo-number', 'SELECT {n:UInt32} AS n, sleep(0.01) AS s', { n: z.number(), s: z.number() });
    for (const [name, engine] of both()) {
      const numbers = Array.from({ length: 20 }, (_, n) => n);
      const rows = await Promise.all(numbers.map((n) => engine.select(echo, { n })));
      expect([name, rows.map((row) => row[0]?.n)]).toEqual([name, numbers]);
    }
  });

  it('a parameter that is not given is an error, not the last query’s', async () => {
    const echo = one('echo-missing', 'SELECT {n:UInt32} AS n', { n: z.number() });
    await local.engine.select(echo, { n: 1 });
    await expect(local.engine.select(echo)).rejects.toMatchObject({ code: 'store-failed' });
  });

  it('a slow read does not keep an insert waiting', async () => {
    for (const [name, engine] of both()) {
      const controller = new AbortController();
      const requested = engine.select(slow, {}, { signal: controller.signal }).catch(() => 'cancelled');
      await engine.insert('xray.kept_logs', [{ session: 'beside', job_id: name, text: 'x' }]);
      controller.abort();
      expect(await requested).toBe('cancelled');
    }
  });

  it('rows that the engine refuses: store-bad-rows', async () => {
    const rows = [{ session: 's', job_id: 'j', task_id: 't', attempt: 'not a number' }];
    for (const [name, engine] of both())
      await expect(engine.insert('xray.ray_task_attempts', rows), name).rejects.toMatchObject({
        code: 'store-bad-rows',
      });
  });

  it('a wrong statement: store-failed with the engine’s words', async () => {
    for (const [name, engine] of both())
      await expect(engine.select({ ...many, sql: 'SELEKT 1' }), name).rejects.toMatchObject({
        code: 'store-failed',
        message: expect.stringMatching(/query "many" failed: .*Syntax error/s),
      });
  });

  it('spans of 300 days go in one insert', async () => {
    for (const [name, engine] of both()) {
      const rows = Array.from({ length: 300 }, (_, day) => ({
        Timestamp: `${1_700_000_000 + day * 86_400}.000000000`,
        TraceId: 'days',
        SpanId: String(day),
      }));
      await engine.insert('xray.otel_traces', rows);
      const days = one('days', "SELECT count() AS n FROM xray.otel_traces WHERE TraceId = 'days'", {
        n: z.coerce.number(),
      });
      expect([name, await engine.select(days)]).toEqual([name, [{ n: 300 }]]);
    }
  });

  it('a server that is not there: store-failed with its address', async () => {
    const nowhere = await openEngine('', { url: 'http://127.0.0.1:9', headers: {}, caFile: null });
    await expect(nowhere.select(many)).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringContaining('http://127.0.0.1:9'),
    });
  });
});
