/**
 * Ingest of Ray events with timelines kept and without: what POST /v1/events calls, in this process, with the recorded events
 * of a real cluster, told as several sessions. Without: the indexer is closed before anything comes in, which the product does
 * not offer. Taken in turns, so that both see the same machine.
 */
import { openTestRuntime } from '../support/open-runtime.ts';
import { eventBodies, postEvents } from '../support/recordings.ts';
import { median, type Report } from './figure.ts';

const SESSIONS = 2;
const ROUNDS = 2;

/** Events per second until they are durable, and until timelines hold them (NaN where they are not kept). */
async function measure(isKept: boolean): Promise<{ readonly durable: number; readonly inTiles: number }> {
  const bodies = eventBodies('truncated');
  const events = bodies.reduce((sum, body) => sum + (JSON.parse(body) as unknown[]).length, 0) * SESSIONS;
  const runtime = await openTestRuntime();
  try {
    if (!isKept) await runtime.timelines.close();
    const began = performance.now();
    for (let session = 0; session < SESSIONS; session++)
      await postEvents(
        runtime,
        bodies.map((body) => body.replaceAll(/"session_20[0-9_-]+/g, (name) => `${name}${session}`)),
      );
    const durable = events / ((performance.now() - began) / 1000);
    if (!isKept) return { durable, inTiles: Number.NaN };
    await runtime.timelines.keep();
    return { durable, inTiles: events / ((performance.now() - began) / 1000) };
  } finally {
    await runtime.close();
  }
}

export async function run(report: Report): Promise<void> {
  const [on, off, tiles]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    // Whoever comes second finds a warm process: take turns.
    for (const isKept of round % 2 === 0 ? [false, true] : [true, false]) {
      const { durable, inTiles } = await measure(isKept);
      (isKept ? on : off).push(durable);
      if (isKept) tiles.push(inTiles);
    }
  }
  const say = (figure: string, value: number, unit: string) =>
    report({ suite: 'timeline-ingest', figure, value, unit });
  say('events-per-second-off', median(off), '1/s');
  say('events-per-second', median(on), '1/s');
  say('events-per-second-until-in-tiles', median(tiles), '1/s');
  say('on-over-off', median(on) / median(off), 'ratio');
}
