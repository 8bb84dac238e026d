/**
 * Very many of everything, sent through the public doors to the real runtime in a process of its own, then everything that shows it:
 * every GET route of app/ answers within bounds of time and bytes, and no turn of its event loop works longer than 200 ms. Work
 * is counted in CPU time of the loop's thread, so that a busy machine is not mistaken for a slow turn.
 * XRAY_SCALE chooses how many; 10,000 records of a kind are sent where it does not, and 100,000 of what one record holds: what is
 * quadratic shows with either. `bench -- hostile` sends 100,000 of all.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as ray from '../../scale/ray-bodies.ts';
import { getRoutes, scaleAsks } from '../../scale/scale-asks.ts';
import * as spans from '../../scale/span-bodies.ts';

const RECORDS = Number(process.env.XRAY_SCALE ?? 10_000);
const IN_ONE_RECORD = Number(process.env.XRAY_SCALE ?? 100_000);
const WITHIN_ONE = ['states', 'attributes', 'events', 'links'];
const MOST_TURN_MS = 200;
const MOST_ANSWER_MS = 20_000;
const MOST_BYTES = 24e6;
const MOST_RESIDENT = 1.6e9;

/** What is sent of a kind. */
const KINDS: Readonly<Record<string, (count: number) => Iterable<ray.ScaleBody>>> = {
  jobs: ray.jobs,
  functions: ray.functions,
  attempts: ray.attemptsOfOneTask,
  states: ray.statesOfOneAttempt,
  chain: spans.chain,
  cycle: spans.cycle,
  wide: spans.wide,
  attributes: spans.attributesOfOneSpan,
  events: spans.eventsOfOneSpan,
  links: spans.linksOfOneSpan,
};

interface Figures {
  readonly turnMs: number;
  readonly residentBytes: number;
}

const directory = mkdtempSync(join(tmpdir(), 'xray-scale-'));
let child: ChildProcess;
let base = '';
const figures = async (): Promise<Figures> => (await (await fetch(`${base}/__figures`)).json()) as Figures;

async function send(body: ray.ScaleBody): Promise<number> {
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const init = { method: 'POST', headers, body: new Uint8Array(gzipSync(body.json, { level: 1 })) };
  for (let tries = 0; ; tries++) {
    const answer = await fetch(base + body.path, init).catch(() => null);
    await answer?.arrayBuffer();
    // Refused for the moment, or before all of it was read: as an exporter does, it is sent again.
    if ((answer !== null && answer.status !== 429) || tries > 60) return answer?.status ?? 0;
    await new Promise((done) => setTimeout(done, 1000));
  }
}

beforeAll(async () => {
  child = spawn(process.execPath, [new URL('../../run/api-server.ts', import.meta.url).pathname], {
    env: {
      ...process.env,
      XRAY_DATA_DIR: directory,
      XRAY_CONFIG: join(directory, 'none.yaml'),
      XRAY_DEMO: '0',
      PROMETHEUS_URL: 'http://127.0.0.1:9',
      UV_THREADPOOL_SIZE: '12',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface(child.stdout)) {
    const port = /^ready (\d+)$/.exec(line)?.[1];
    if (port === undefined) continue;
    base = `http://127.0.0.1:${port}`;
    break;
  }
});
afterAll(async () => {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await exit;
  clearTimeout(late);
  rmSync(directory, { recursive: true, force: true });
});

describe('very many of everything', () => {
  it('knows how every route is asked', async () => {
    const requested = new Set(Object.keys(KINDS).flatMap(scaleAsks));
    const templates = getRoutes().filter((path) => !/\{(fingerprint|token)\}/.test(path));
    const missing = templates.filter((path) => {
      const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}(\\?|$)`);
      return ![...requested].some((one) => pattern.test(one));
    });
    expect(missing).toEqual([]);
  });

  it.each(Object.keys(KINDS))(
    '%s',
    async (kind) => {
      const breaches: string[] = [];
      await figures();
      const many = WITHIN_ONE.includes(kind) ? IN_ONE_RECORD : RECORDS;
      for (const body of KINDS[kind]?.(many) ?? []) expect(await send(body)).toBe(200);
      const sent = await figures();
      if (sent.turnMs > MOST_TURN_MS) breaches.push(`sending: a turn of ${Math.round(sent.turnMs)} ms`);
      for (const path of scaleAsks(kind)) {
        const began = performance.now();
        const answer = await fetch(base + path, { signal: AbortSignal.timeout(60_000) });
        const bytes = (await answer.arrayBuffer()).byteLength;
        const took = performance.now() - began;
        const { turnMs, residentBytes } = await figures();
        const said = `${path}: ${answer.status}, ${Math.round(took)} ms, ${bytes} bytes, turn ${Math.round(turnMs)} ms, ${Math.round(residentBytes / 1e6)} MB`;
        if (
          ![200, 204, 404].includes(answer.status) ||
          took > MOST_ANSWER_MS ||
          bytes > MOST_BYTES ||
          turnMs > MOST_TURN_MS ||
          residentBytes > MOST_RESIDENT
        )
          breaches.push(said);
        if (process.env.XRAY_SCALE_SAY) console.log(said);
      }
      expect(breaches).toEqual([]);
    },
    180_000,
  );
});
