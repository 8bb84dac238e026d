/** Very many of one thing each, within the limits of ingest, and then everything that shows it asked at once. */
import { gzipSync } from 'node:zlib';
import * as ray from '../../scale/ray-bodies.ts';
import { scaleAsks } from '../../scale/scale-asks.ts';
import * as spans from '../../scale/span-bodies.ts';
import { atMost, type Case } from './case.ts';
import type { Target } from './target.ts';

const MANY = 100_000;
/** The timeline's indexer is given so long to see what ended. */
const OVERLAPPING = 150_000;

async function send(target: Target, bodies: Iterable<ray.ScaleBody>): Promise<void> {
  for (const { path, json } of bodies) {
    const body = gzipSync(json, { level: 1 });
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const { status, ms, text } = await target.ask(path, { method: 'POST', headers, body, timeoutMs: 120_000 });
    if (status !== 200) process.stderr.write(`${path}: ${status} after ${Math.round(ms)} ms ${text.slice(0, 140)}\n`);
  }
}

/** Each answer's time and size go to stderr where they are large; the worst are figures. */
async function askAll(target: Target, paths: readonly string[]) {
  let [worstMs, worstBytes, failed] = [0, 0, 0];
  await atMost(4, paths.length, async (i) => {
    const path = paths[i] ?? '/';
    const { status, ms, bytes, text } = await target.ask(path);
    worstMs = Math.max(worstMs, ms);
    worstBytes = Math.max(worstBytes, bytes);
    if (status === 0 || status >= 500) failed += 1;
    if (ms > 3_000 || bytes > 8e6 || status === 0 || status >= 500)
      process.stderr.write(`${path}: ${status}, ${Math.round(ms)} ms, ${bytes} bytes ${status >= 500 ? text : ''}\n`);
  });
  return {
    'answer-time': [worstMs / 1000, 's'],
    'answer-bytes': [worstBytes / 1e6, 'MB'],
    'answers-failed': [failed, '1'],
  } as const;
}

/** For seconds after it came, until what is made of it in the background has been made. */
const settled = (target: Target) => target.recovered(90);

const many = (name: string, bodies: () => Iterable<ray.ScaleBody>): Case => ({
  name: `many-${name}`,
  async attack(target) {
    await send(target, bodies());
    await settled(target);
    return askAll(target, scaleAsks(name));
  },
});

export const scaleCases: readonly Case[] = [
  {
    name: 'overlapping-attempts',
    async attack(target) {
      await send(target, ray.overlapping(OVERLAPPING));
      await new Promise((done) => setTimeout(done, 10_000));
      return askAll(target, scaleAsks('overlap'));
    },
  },
  many('nodes', () => ray.nodes(MANY)),
  many('nodes-of-one-host', () => ray.nodesOfOneHost(MANY)),
  many('jobs', () => ray.jobs(MANY)),
  many('actors', () => ray.actors(MANY)),
  many('functions', () => ray.functions(MANY)),
  many('attempts', () => ray.attemptsOfOneTask(MANY)),
  many('states', () => ray.statesOfOneAttempt(MANY)),
  many('kills', () => ray.oomKills(MANY)),
  many('clusters', () => ray.clusters(MANY)),
  many('sessions', () => ray.sessionsOfOneCluster(MANY)),
  many('chain', () => spans.chain(MANY)),
  many('cycle', () => spans.cycle(MANY)),
  many('wide', () => spans.wide(MANY)),
  many('attributes', () => spans.attributesOfOneSpan(MANY)),
  many('events', () => spans.eventsOfOneSpan(MANY)),
  many('links', () => spans.linksOfOneSpan(MANY)),
];
