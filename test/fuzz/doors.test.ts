/**
 * Mutated recordings through every door of one real runtime: what Ray, OpenTelemetry, Prometheus, Alertmanager and browsers
 * send, broken. Nothing crashes, nothing answers 5xx, no turn of the event loop takes a second, and whatever is acknowledged is
 * stored or set aside. XRAY_FUZZ_COUNT inputs (20,000), XRAY_FUZZ_SEED another row of them. Over 300
 * lines: all doors share one runtime, and what one of them leaves behind is held against all.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { POST as postEvents } from '../../app/v1/events/route.ts';
import { POST as postTimeline } from '../../app/v1/timeline/route.ts';
import { POST as postTraces } from '../../app/v1/traces/route.ts';
import { type Runtime, setRuntime } from '../../lib/server/runtime/runtime.ts';
import { JsonText } from '../../lib/sources/json/json-text.ts';
import { type SpanVisitor, spanDecoder } from '../../lib/sources/otlp/decode.ts';
import { readTraceRequestJson } from '../../lib/sources/otlp/json.ts';
import { readExportTraceServiceRequest } from '../../lib/sources/otlp/protobuf.ts';
import { decodeRayEvents } from '../../lib/sources/ray/decode-event.ts';
import { askRoute, everyContract } from '../support/every-contract.ts';
import { openTestRuntime } from '../support/open-runtime.ts';
import { mutateBytes, mutateJson, mutateText, type Random, seeded } from './mutate.ts';
import { type MutatedSources, startMutatedSources } from './mutated-sources.ts';
import { recordings } from './recordings.ts';

const SEED = Number(process.env.XRAY_FUZZ_SEED ?? 20_261_130);
const COUNT = Number(process.env.XRAY_FUZZ_COUNT ?? 20_000);
const AT_ONCE = 16;
/** A quiet machine takes about 5 ms an input. */
const TIMEOUT_MS = 120_000 + COUNT * 60;

const routes = await everyContract();
let runtime: Runtime;
let sources: MutatedSources;
beforeAll(async () => {
  runtime = await openTestRuntime();
  setRuntime(runtime);
  sources = await startMutatedSources();
  // Times of any year: what is stored is looked for at the end, so nothing may expire before.
  await runtime.engine.command('SYSTEM STOP TTL MERGES');
}, 120_000);
afterAll(async () => {
  sources.close();
  await runtime.close();
});

/** Keys of what was acknowledged, by table. */
const promised = { spans: new Set<string>(), attempts: new Set<string>() };
const tally = { sent: 0, accepted: 0, refused: 0, rejectedRecords: 0, statuses: new Map<string, number>() };

const UGLY =
  /\bat .*\.ts:|node_modules|DB::|SELECT |INSERT INTO|Invalid (input|option|string)|Too (big|small)|ZodError|\[object|Cannot (read|convert|mix)|is not (a function|iterable)|undefined/;

interface Sent {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** The body before it was encoded, as X-Ray should read it; null where encoding or type were broken too. */
  readonly plain: Buffer | null;
}

const TYPES = [
  'application/json',
  'application/x-protobuf',
  'text/plain',
  '',
  'application/json; charset=utf-8',
  'constructor',
  'multipart/form-data',
];
const ENCODINGS = ['gzip', 'identity', '', 'constructor', '__proto__', 'br', 'deflate', 'GZIP', 'gzip, gzip', 'zstd'];

function sentAs(plain: Buffer, type: string, random: Random): Sent {
  const isPacked = random.chance(0.3);
  const packed = isPacked ? gzipSync(plain, { level: 1 }) : plain;
  const headers = { 'content-type': type, ...(isPacked ? { 'content-encoding': 'gzip' } : {}) };
  if (random.chance(0.08)) return { body: mutateBytes(packed, random), headers, plain: null };
  if (random.chance(0.04))
    return { body: packed, headers: { ...headers, 'content-type': random.of(TYPES) }, plain: null };
  if (random.chance(0.04))
    return { body: packed, headers: { ...headers, 'content-encoding': random.of(ENCODINGS) }, plain: null };
  return { body: packed, headers, plain };
}

/** Half by structure, half by bytes; 64 KB at most, so that 20,000 take minutes. */
function jsonBody(seed: unknown, random: Random): Buffer {
  const text = Buffer.from(JSON.stringify(random.chance(0.6) ? mutateJson(seed, random) : seed) ?? 'null');
  const bytes = random.chance(0.4) ? mutateBytes(text, random) : text;
  return bytes.subarray(0, 65_536);
}

/** What JSON.parse makes of a body; where it is no JSON although it was taken, what stands record by record, without those refused. */
function recordsOf(bytes: Buffer): { records: unknown[]; refused: number } {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return { records: Array.isArray(value) ? value : [value], refused: 0 };
  } catch {
    const records: unknown[] = [];
    let refused = 0;
    const text = new JsonText(bytes);
    text.eachRecord(text.root, {
      records: (some) => records.push(...some),
      refuse: () => {
        refused += 1;
      },
    });
    return { records, refused };
  }
}
const cluster = (random: Random): string =>
  random.chance(0.8) ? '' : `?cluster=${encodeURIComponent(mutateText('prod', random).toWellFormed())}`;
const request = (url: string, { body, headers }: Sent): Request =>
  new Request(`http://127.0.0.1${url}`, { method: 'POST', headers, body: new Uint8Array(body) });

/** Checks what every answer must be; the text of one that was taken, null of a refusal. */
async function taken(answer: Response): Promise<string | null> {
  const bytes = Buffer.from(await answer.arrayBuffer());
  const text = bytes.toString();
  const key = `${answer.status}`;
  tally.statuses.set(key, (tally.statuses.get(key) ?? 0) + 1);
  if (answer.status >= 500) throw new Error(`answered ${answer.status}: ${text.slice(0, 400)}`);
  if (answer.status >= 400) {
    tally.refused += 1;
    if (UGLY.test(text)) throw new Error(`not a sentence of ours: ${text.slice(0, 400)}`);
    return null;
  }
  tally.accepted += 1;
  return text;
}

const Report = z.object({
  accepted: z.number(),
  ignored: z.number(),
  rejected: z.number(),
  rejects: z.array(z.object({ position: z.number(), reason: z.string() })),
});

function checkReport(text: string, plain: Buffer | null): { records: unknown[]; lost: boolean } | null {
  const report = Report.parse(JSON.parse(text));
  for (const { reason } of report.rejects)
    if (UGLY.test(reason)) throw new Error(`not a reason of ours: ${reason.slice(0, 300)}`);
  tally.rejectedRecords += report.rejected;
  if (plain === null) return null;
  const { records, refused } = recordsOf(plain);
  const counted = report.accepted + report.ignored + report.rejected;
  const lost = report.rejects.some(({ position }) => position < 0);
  if (!lost && counted !== records.length + refused)
    throw new Error(`${counted} of ${records.length + refused} records are accounted for: ${text.slice(0, 200)}`);
  return { records, lost };
}

/** Each sends one input; throws what is wrong with the answer. */
const DOORS: Readonly<Record<string, (random: Random) => Promise<void>>> = {
  async events(random) {
    const sent = sentAs(jsonBody(random.of(recordings.events), random), 'application/json', random);
    const text = await taken(await postEvents(request(`/v1/events${cluster(random)}`, sent)));
    const read = text === null ? null : checkReport(text, sent.plain);
    if (read === null || read.lost) return;
    for (const { session, jobId, taskId, attempt } of decodeRayEvents(read.records, null).facts.attempts)
      promised.attempts.add([session, jobId, taskId, attempt].join('\u0001').toWellFormed());
  },
  async otlpJson(random) {
    const sent = sentAs(jsonBody(random.of(recordings.otlpJson), random), 'application/json', random);
    const text = await taken(await postTraces(request(`/v1/traces${cluster(random)}`, sent)));
    if (text === null || sent.plain === null) return;
    if (UGLY.test(text)) throw new Error(`not a reason of ours: ${text.slice(0, 300)}`);
    const { plain } = sent;
    promiseSpans((visitor) => readTraceRequestJson(plain, LIMITS, visitor), text);
  },
  async otlpProtobuf(random) {
    const seed = random.of(recordings.otlpProtobuf);
    const sent = sentAs(random.chance(0.9) ? mutateBytes(seed, random) : seed, 'application/x-protobuf', random);
    const text = await taken(await postTraces(request(`/v1/traces${cluster(random)}`, sent)));
    if (text === null || sent.plain === null) return;
    const { plain } = sent;
    promiseSpans((visitor) => readExportTraceServiceRequest(plain, LIMITS, visitor), text);
  },
  async timeline(random) {
    const sent = sentAs(jsonBody(random.of(recordings.timelines), random), 'application/json', random);
    const named = random.chance(0.5) ? `?session=s${random.below(9)}&job=0${random.below(9)}000000` : '';
    const text = await taken(await postTimeline(request(`/v1/timeline${named}`, sent)));
    if (text !== null) Report.parse(JSON.parse(text));
  },
  async get(random) {
    const route = random.of(routes);
    const search: string[] = [];
    const inPath: Record<string, string> = {};
    for (const name of Object.keys(route.query.shape)) {
      const value = mutateText(random.of(SEEDS_OF_PARAMETERS), random);
      if (route.inPath.includes(name)) inPath[name] = value;
      else if (random.chance(0.4))
        search.push(
          `${name}=${random.chance(0.8) ? encodeURIComponent(value.toWellFormed()) : value.replaceAll(/[&#]/g, '')}`,
        );
    }
    await taken(await askRoute(route, inPath, search));
  },
  async sources(random) {
    const fault = await sources.ask(random);
    if (fault !== null) throw new Error(fault);
  },
};
const SEEDS_OF_PARAMETERS = [
  '01000000',
  '1795466000',
  '2026-11-30T05:00:00Z',
  '100',
  'node',
  'FAILED',
  'prod',
  'ab'.repeat(16),
  '0123456789abcdef',
  '1.0.ab',
  'key=value&&a=b',
  '1',
  'true',
  '1e3',
];
const TURNS = [
  'events',
  'events',
  'events',
  'otlpJson',
  'otlpJson',
  'otlpProtobuf',
  'otlpProtobuf',
  'otlpProtobuf',
  'timeline',
  'get',
  'get',
  'sources',
  'sources',
  'sources',
];

const LIMITS = { depth: 64, spend: () => undefined };

/** Of a body that lost spans it is not said which; a broken one may be read halfway. */
function promiseSpans(read: (visitor: SpanVisitor) => void, text: string): void {
  if (text !== '' && text !== '{}') return;
  read(
    spanDecoder(
      (spans) => {
        for (const { traceId, spanId } of spans) promised.spans.add(`${traceId} ${spanId}`);
      },
      () => undefined,
    ),
  );
}

/** Longest turn of the loop: of wall time while this thread worked all the while, so that a busy machine is no lag. */
function watchTurns() {
  let [last, cpu, worst] = [performance.now(), process.threadCpuUsage(), 0];
  const timer = setInterval(() => {
    const spent = process.threadCpuUsage(cpu);
    worst = Math.max(worst, Math.min(performance.now() - last, (spent.user + spent.system) / 1000));
    [last, cpu] = [performance.now(), process.threadCpuUsage()];
  }, 20);
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  return {
    stop(): { worstMs: number; delayMs: number } {
      clearInterval(timer);
      delay.disable();
      return { worstMs: worst, delayMs: delay.max / 1e6 };
    },
  };
}

it(`${COUNT} mutated inputs, seed ${SEED}`, { timeout: TIMEOUT_MS }, async () => {
  console.log(`fuzz: XRAY_FUZZ_SEED=${SEED} XRAY_FUZZ_COUNT=${COUNT}`);
  const faults: string[] = [];
  const turns = watchTurns();
  let next = 0;
  const began = performance.now();
  const one = async (): Promise<void> => {
    for (let index = next++; index < COUNT && faults.length < 20; index = next++) {
      // Of its own number: any input can be made again alone.
      const random = seeded(Math.imul(SEED, 0x9e3779b1) + index);
      const door = random.of(TURNS);
      tally.sent += 1;
      try {
        await DOORS[door as keyof typeof DOORS]?.(random);
      } catch (error) {
        faults.push(
          `input ${index} (${door}): ${error instanceof Error ? (error.stack ?? error.message).slice(0, 900) : String(error)}`,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  const { worstMs, delayMs } = turns.stop();
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `fuzz: ${tally.sent} inputs in ${seconds.toFixed(0)} s: ${tally.accepted} taken, ${tally.refused} refused, ${tally.rejectedRecords} records set aside; ` +
      `${[...tally.statuses]
        .sort()
        .map(([status, count]) => `${status}: ${count}`)
        .join(', ')}; ` +
      `longest turn ${worstMs.toFixed(0)} ms of work, event loop delay at most ${delayMs.toFixed(0)} ms`,
  );
  expect(faults).toEqual([]);
  expect(worstMs).toBeLessThan(1000);
  expect(tally.accepted).toBeGreaterThan(COUNT / 20);
  expect(tally.refused).toBeGreaterThan(COUNT / 20);
});

it('whatever was acknowledged is stored', { timeout: 300_000 }, async () => {
  const rows = (name: string, sql: string) =>
    runtime.engine.select({ name, sql, row: z.object({ key: z.string() }) }, {}, { maxRows: 5_000_000 });
  const spans = new Set(
    (await rows('spans', "SELECT DISTINCT concat(TraceId, ' ', SpanId) AS key FROM xray.otel_traces")).map(
      ({ key }) => key,
    ),
  );
  const attempts = new Set(
    (
      await rows(
        'attempts',
        'SELECT DISTINCT concat(session, char(1), job_id, char(1), task_id, char(1), toString(attempt)) AS key FROM xray.ray_task_attempts',
      )
    ).map(({ key }) => key),
  );
  console.log(`fuzz: ${promised.spans.size} spans and ${promised.attempts.size} attempts were promised`);
  expect([...promised.spans].filter((key) => !spans.has(key))).toEqual([]);
  expect([...promised.attempts].filter((key) => !attempts.has(key)).map((key) => JSON.stringify(key))).toEqual([]);
  expect(promised.spans.size + promised.attempts.size).toBeGreaterThan(COUNT / 100);
});
