/** Sends the simulation's past and present to X-Ray over its public endpoints, and tries again while X-Ray is not ready. */
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterEvents } from './emit/cluster-events.ts';
import { countSpans, type ResourceSpans } from './emit/otlp.ts';
import { type RayEvent, taskEvents } from './emit/ray-events.ts';
import { servingSpans } from './emit/serving-spans.ts';
import { remoteCallSpans, stepSpans, stepsEnding } from './emit/spans.ts';
import { runsOf, type World } from './world/model.ts';

const EVENTS_PER_BODY = 3000;
/** Ranks times steps. */
const STEPS_PER_BODY = 512;
/**
 * The past of 64 GPUs is sent in pieces of this length, ms, and in longer ones from when only one job ran, whose steps are long; that
 * of more GPUs in shorter ones.
 */
const CHUNK = 60_000;
const QUIET_CHUNK = 2_400_000;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;

export interface Delivered {
  events: number;
  spans: number;
  retries: number;
  historyDone: boolean;
}

export interface Delivery {
  readonly counts: Delivered;
  /**
   * Sends cluster facts and [from, to), newest first; `tell` hears what share of it is acknowledged. Resolves when all is, or the
   * signal aborts.
   */
  readonly history: (from: number, to: number, tell?: (share: number) => void) => Promise<void>;
  /** Send what happened in [from, to), Unix ms. */
  readonly events: (from: number, to: number) => Promise<void>;
  readonly spans: (from: number, to: number) => Promise<void>;
}

/** [from, to) in pieces that hold about as much each, the newest first. */
function piecesOf(world: World, from: number, to: number): { from: number; to: number }[] {
  const busy = world.jobs.preprocess?.start ?? Number.POSITIVE_INFINITY;
  const share = Math.min(1, 64 / world.ranks);
  const pieces: { from: number; to: number }[] = [];
  for (let end = to; end > from; end = pieces.at(-1)?.from ?? from)
    pieces.push({ from: Math.max(from, end - share * (end > busy ? CHUNK : QUIET_CHUNK)), to: end });
  return pieces;
}

/** `xray` is a base address without a trailing slash; aborting the signal ends all waiting; `token` is XRAY_AUTH_TOKEN. */
export function createDelivery(world: World, xray: string, signal: AbortSignal, token: string | null = null): Delivery {
  const counts: Delivered = { events: 0, spans: 0, retries: 0, historyDone: false };

  async function post(path: string, body: unknown): Promise<void> {
    const text = JSON.stringify(body);
    let pause = FIRST_PAUSE;
    while (!signal.aborted) {
      try {
        const answer = await fetch(`${xray}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
          body: text,
          signal: AbortSignal.any([signal, AbortSignal.timeout(60_000)]),
        });
        await answer.arrayBuffer();
        if (answer.ok) return;
        // A body that X-Ray calls wrong stays wrong; 404 and 429 are those of a server that is still coming up.
        if (answer.status < 500 && answer.status !== 404 && answer.status !== 429) {
          console.error(`demo: ${path} answered ${answer.status}; body dropped`);
          return;
        }
      } catch {
        if (signal.aborted) return;
      }
      counts.retries += 1;
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      pause = Math.min(LONGEST_PAUSE, pause * 2);
    }
  }

  async function postEvents(list: readonly RayEvent[]): Promise<void> {
    for (let at = 0; at < list.length && !signal.aborted; at += EVENTS_PER_BODY) {
      const body = list.slice(at, at + EVENTS_PER_BODY);
      await post(`/v1/events?cluster=${world.cluster}`, body);
      counts.events += body.length;
    }
  }

  async function postSpans(resourceSpans: readonly ResourceSpans[]): Promise<void> {
    if (resourceSpans.length === 0) return;
    await post('/v1/traces', { resourceSpans });
    counts.spans += countSpans(resourceSpans);
  }

  const events = (from: number, to: number, isDefined = false): Promise<void> =>
    postEvents(taskEvents(world, from, to, isDefined));

  async function spans(from: number, to: number): Promise<void> {
    const reported = [postSpans([...remoteCallSpans(world, from, to), ...servingSpans(world, from, to)])];
    for (const run of runsOf(world)) {
      const steps = stepsEnding(run, from, to);
      const together = Math.max(1, Math.floor(STEPS_PER_BODY / run.ranks));
      for (let at = 0; at < steps.length; at += together)
        reported.push(postSpans(steps.slice(at, at + together).flatMap((step) => stepSpans(run, step))));
    }
    await Promise.all(reported);
  }

  return {
    counts,
    events,
    spans,
    history: async (from, to, tell = () => undefined) => {
      await postEvents(clusterEvents(world));
      const pieces = piecesOf(world, from, to);
      const queue = pieces.values();
      let done = 0;
      // The next piece is made while X-Ray takes the one before.
      const send = async (): Promise<void> => {
        for (const piece of queue) {
          // What spans are about is told while they are; an attempt is defined before it is anything else.
          await Promise.all([events(piece.from, piece.to, true), spans(piece.from, piece.to)]);
          if (signal.aborted) return;
          done += 1;
          tell(done / pieces.length);
          await sleep(20, undefined, { signal }).catch(() => undefined);
        }
      };
      tell(0);
      await Promise.all([send(), send()]);
      if (signal.aborted) return;
      counts.historyDone = true;
    },
  };
}
