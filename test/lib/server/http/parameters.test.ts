/**
 * Every parameter of every contract, given what it does not take: repeated, empty, huge, of another kind, half a surrogate. The
 * real handlers answer over the real engine and a real Prometheus with the recording of a real cluster; nothing fails with 5xx,
 * and a refusal names the parameter. The contracts are found in the file system.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POST as postShare } from '../../../../app/api/shares/route.ts';
import { POST as postEvents } from '../../../../app/v1/events/route.ts';
import { POST as postTimeline } from '../../../../app/v1/timeline/route.ts';
import { POST as postTraces } from '../../../../app/v1/traces/route.ts';
import { Problem } from '../../../../lib/contract/problem.ts';
import { type Runtime, setRuntime } from '../../../../lib/server/runtime/runtime.ts';
import { askRoute, type EveryRoute, everyContract, filesWithoutContract } from '../../../support/every-contract.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { recordedSamples, serveRecorded } from '../../../support/recorded-prometheus.ts';
import { eventBodies, postEvents as sendEvents, truth } from '../../../support/recordings.ts';

const routes = await everyContract();
const session = truth('mixed').session_name;
const jobId = Object.keys(truth('mixed').executions_per_job_and_function)[0] ?? '';

let runtime: Runtime;
let close: () => Promise<void>;
beforeAll(async () => {
  const prometheus = await serveRecorded([recordedSamples('mixed')]);
  const opened = await openTestRuntime();
  runtime = { ...opened, prometheus: prometheus.source };
  setRuntime(runtime);
  await sendEvents(runtime, eventBodies('mixed'), 'recorded');
  close = async () => {
    await prometheus.close();
    await opened.close();
  };
}, 120_000);
afterAll(() => close());

/** As they stand in an address; names say what they are. */
const HOSTILE: Readonly<Record<string, string>> = {
  empty: '',
  blank: '%20',
  zero: '0',
  negative: '-1',
  fraction: '1.5',
  'beyond float64': '1e308',
  'below float64': '-1e308',
  infinite: '1e400',
  'no number': 'NaN',
  'as hexadecimal': '0x10',
  exponent: '1e3',
  '19 nines': '9'.repeat(19),
  '2^63': '9223372036854775808',
  '2^64': '18446744073709551616',
  '400 digits': '9'.repeat(400),
  word: 'abc',
  NUL: 'a%00b',
  'half a surrogate': '%ED%A0%80',
  'no UTF-8': '%FF%FE',
  'no escape': '%zz',
  unicode: '%F0%9D%95%8F%E2%80%AE%CC%81',
  quotes: `%27%22%60%5C%3B--%0D%0A%7Bx%3AString%7D`,
  '100,000 characters': 'a'.repeat(100_000),
  '4,000 commas': ','.repeat(4000),
  'year 1': '0001-01-01T00:00:00Z',
  'year 9999': '9999-12-31T23:59:59Z',
  'no such day': '2026-02-31T00:00:00Z',
  'no such month': '2026-13-45',
  prototype: '__proto__',
  'path upwards': '..%2F..%2Fetc%2Fpasswd',
};

/** Text like any other goes to the store once a route; of these, each. */
const TO_STORE = new Set(['empty', 'blank', 'NUL', 'half a surrogate', 'no UTF-8', 'unicode', 'quotes', 'prototype']);
/** As Next gives it, half a surrogate where there is no UTF-8. */
function inPathAs(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return '\ud800';
  }
}

const FROM = '1795466000';
const TO = '1795467000';
/** The first that a parameter takes is its good value. */
const GOOD = [
  ...['1', '2', '10', '100', '300', FROM, 'node', 'FINISHED', 'firing', 'out', 'dark', 'start', 'key=value', '0'],
  ...['a'.repeat(16), 'ab'.repeat(16), `1.${'ab'.repeat(16)}`, '1.0.ab'],
];
const KNOWN = new Map([
  ['jobId', jobId],
  ['job', jobId],
  ['session', session],
  ['cluster', 'recorded'],
  ['from', FROM],
  ['to', TO],
  ['resolution', '40'],
]);
const shapeOf = (route: EveryRoute) => Object.entries(route.query.shape);
function goodValue(route: EveryRoute, name: string): string {
  const schema = route.query.shape[name];
  const value = [KNOWN.get(name) ?? [], GOOD].flat().find((each) => schema.safeParse(each).success);
  if (value === undefined) throw new Error(`${route.name}: no good value for "${name}": add one to GOOD`);
  return value;
}

/** What must be there, so that the route answers. */
function required(route: EveryRoute): { inPath: Record<string, string>; search: Map<string, string> } {
  const inPath: Record<string, string> = {};
  const search = new Map<string, string>();
  for (const [name, schema] of shapeOf(route)) {
    if (route.inPath.includes(name)) inPath[name] = goodValue(route, name);
    else if (!schema.safeParse(undefined).success) search.set(name, goodValue(route, name));
  }
  return { inPath, search };
}
const pairs = (search: ReadonlyMap<string, string>): string[] =>
  [...search].map(([name, value]) => `${encodeURIComponent(name)}=${value}`);

/** A stack, a file, SQL, a library's words, a pattern. */
const UGLY =
  /\bat .*\.ts|node_modules|DB::|SELECT |Invalid (input|option|string)|Too (big|small)|received (undefined|NaN)|ZodError|\[object|\/\^|Cannot read|is not a function|BigInt/;

const CPU_MS = 1000;
/** Of this process, the engine's threads among them. */
const cpuMs = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

/**
 * Null: well; else what is wrong. Slow is what takes a second of wall time and of this process's CPU time, twice: a machine that
 * does other work beside is slow for everybody.
 */
async function fault(ask: () => Promise<Response>, names: string | null): Promise<string | null> {
  for (const isLast of [false, true]) {
    const began = performance.now();
    const before = process.cpuUsage();
    const answer = await ask();
    const text = await answer.text();
    const ms = Math.min(performance.now() - began, cpuMs(before));
    if (answer.status >= 500) return `${answer.status} ${text.slice(0, 300)}`;
    if (answer.status >= 400) {
      const { detail, code } = Problem.parse(JSON.parse(text));
      if (UGLY.test(detail)) return `not a sentence of ours: ${detail}`;
      if (detail.length > 800) return `${detail.length} characters: ${detail.slice(0, 200)}`;
      if (names !== null && code === 'invalid-parameter' && !detail.includes(`"${names}"`) && !detail.includes('"to"'))
        return `does not name ${names}: ${detail}`;
    }
    if (ms < CPU_MS) return null;
    if (isLast) return `took ${Math.round(ms)} ms`;
  }
  return null;
}

it('every route that answers GET has a contract', () => {
  expect(filesWithoutContract(routes)).toEqual([]);
  expect(routes.length).toBeGreaterThan(25);
});

it('every contract is strict and has a good value for each parameter', () => {
  for (const route of routes) {
    expect(route.query.def.catchall?._zod.def.type, route.name).toBe('never');
    for (const [name] of shapeOf(route)) expect(goodValue(route, name)).toBeDefined();
  }
});

describe.each(routes.map((route) => [route.path, route] as const))('%s', (_, route) => {
  it('answers what it needs', async () => {
    const { inPath, search } = required(route);
    const answer = await askRoute(route, inPath, pairs(search));
    expect([200, 204, 404]).toContain(answer.status);
    await answer.arrayBuffer();
  });

  it('hostile values are answered, or refused by name', async () => {
    const wrong: string[] = [];
    const ask = async (what: string, values: ReadonlyMap<string, string>, names: string | null) => {
      const { inPath, search } = required(route);
      for (const [name, value] of values)
        if (route.inPath.includes(name)) inPath[name] = inPathAs(value);
        else search.set(name, value);
      const found = await fault(() => askRoute(route, inPath, pairs(search)), names);
      if (found !== null) wrong.push(`${names ?? 'all at once'}, ${what}: ${found}`);
    };
    for (const [what, value] of Object.entries(HOSTILE)) {
      const decoded = new URLSearchParams(`x=${value}`).get('x') ?? '';
      const taken = shapeOf(route).filter(([, schema]) => schema.safeParse(decoded).success);
      for (const [name] of shapeOf(route))
        if (!taken.some(([each]) => each === name)) await ask(what, new Map([[name, value]]), name);
      // What is taken goes to the store, all parameters at once.
      const isText = taken.every(
        ([name, schema]) => route.inPath.includes(name) || schema.safeParse(decoded).data === decoded,
      );
      if (taken.length > 0 && (!isText || TO_STORE.has(what)))
        await ask(what, new Map(taken.map(([name]) => [name, value])), null);
    }
    expect(wrong).toEqual([]);
  }, 120_000);

  it('refuses what is repeated or unknown, by name', async () => {
    const { inPath, search } = required(route);
    for (const [name] of shapeOf(route)) {
      if (route.inPath.includes(name)) continue;
      const twice = new Map(search).set(name, goodValue(route, name));
      const answer = await askRoute(route, inPath, [...pairs(twice), `${name}=${goodValue(route, name)}`]);
      expect(answer.status).toBe(400);
      expect(Problem.parse(await answer.json()).detail).toContain(`parameter "${name}" is given twice`);
    }
    for (const unknown of [
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      '',
      'x'.repeat(9000),
      ...route.inPath,
    ]) {
      const answer = await askRoute(route, inPath, [...pairs(search), `${unknown}=1`]);
      expect([unknown, answer.status]).toEqual([unknown, 400]);
      const { code, detail } = Problem.parse(await answer.json());
      expect(code).toBe('unknown-parameter');
      expect(detail.length).toBeLessThan(600);
    }
  });

  const isWindowed = 'from' in route.query.shape && 'to' in route.query.shape;
  it.runIf(isWindowed)('takes no window that is empty or reversed, and any other within a second', async () => {
    const { inPath, search } = required(route);
    const window = async (from: string, to: string) => {
      const ask = () => askRoute(route, inPath, pairs(new Map([...search, ['from', from], ['to', to]])));
      expect(await fault(ask, null)).toBeNull();
      return (await ask()).status;
    };
    expect(await window(TO, FROM)).toBe(400);
    expect(await window(FROM, FROM)).toBe(400);
    for (const [from, to] of [
      ['0', '1'],
      ['0', '7258118400'],
      ['1970-01-01', '2199-12-31T23:59:59.999999999Z'],
      ['1480000000', TO],
      [FROM, `${FROM}000000001`],
    ] as const)
      await window(from, to);
  });
});

describe('doors', () => {
  const POSTS = { events: postEvents, traces: postTraces, timeline: postTimeline };
  it.each(['events', 'traces', 'timeline'] as const)('the parameters of /v1/%s', async (door) => {
    const names = door === 'timeline' ? ['cluster', 'session', 'job'] : ['cluster'];
    const wrong: string[] = [];
    for (const name of names)
      for (const [what, value] of Object.entries(HOSTILE)) {
        const url = `http://127.0.0.1/v1/${door}?${name}=${value}`;
        const send = () =>
          POSTS[door](
            new Request(url, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: door === 'traces' ? '{}' : '[]',
            }),
          );
        const answer = await send();
        if (answer.status >= 500 || UGLY.test(await answer.text())) wrong.push(`${name} ${what}: ${answer.status}`);
      }
    expect(wrong).toEqual([]);
  });

  it('every field of POST /api/shares', async () => {
    const values: unknown[] = [
      null,
      true,
      -1,
      1e308,
      '',
      'x',
      '/',
      '//evil',
      '/\\evil',
      '/jobs\u0000',
      '/jobs?\ud800',
      'a'.repeat(100_000),
      [],
      {},
      [null],
      ['/api/jobs?limit=abc'],
      ['/api/%ff'],
      Array.from({ length: 100 }, (_, i) => `/api/jobs?limit=${i}`),
      { __proto__: null, toString: 1 },
    ];
    const wrong: string[] = [];
    for (const field of ['path', 'title', 'note', 'expiresInSeconds', 'requests', '__proto__', 'constructor', ''])
      for (const value of values) {
        const body = JSON.stringify({ path: '/nowhere', ...Object.fromEntries([[field, value]]) });
        const answer = await postShare(
          new Request('http://127.0.0.1/api/shares', {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body,
          }),
        );
        const text = await answer.text();
        if ((answer.status >= 500 && answer.status !== 503) || UGLY.test(text))
          wrong.push(`${body.slice(0, 80)}: ${answer.status} ${text.slice(0, 200)}`);
      }
    expect(wrong).toEqual([]);
  });
});
