/** Sends the simulation's past and present to X-Ray over its public endpoints, and tries again while X-Ray is not ready. */
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterEvents } from './cluster-events.ts';
import { CLUSTER, type World } from './model.ts';
import { type RayEvent, taskEvents } from './ray-events.ts';
import { countSpans, type ResourceSpans, remoteCallSpans, stepSpans, stepsEnding } from './spans.ts';

const EVENTS_PER_BODY = 1000;
const CHUNK = 40_000;
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
  /** Sends cluster facts and [from, to), newest first. Resolves when all is acknowledged or the signal aborts. */
  readonly history: (from: number, to: number) => Promise<void>;
  /** Sends what happened in [from, to), Unix ms. */
  readonly window: (from: number, to: number) => Promise<void>;
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

  async function events(list: readonly RayEvent[]): Promise<void> {
    for (let at = 0; at < list.length && !signal.aborted; at += EVENTS_PER_BODY) {
      const body = list.slice(at, at + EVENTS_PER_BODY);
      await post(`/v1/events?cluster=${CLUSTER}`, body);
      counts.events += body.length;
    }
  }

  async function spans(resourceSpans: readonly ResourceSpans[]): Promise<void> {
    if (resourceSpans.length === 0) return;
    await post('/v1/traces', { resourceSpans });
    counts.spans += countSpans(resourceSpans);
  }

  async function window(from: number, to: number, isDefined = false): Promise<void> {
    await events(taskEvents(world, from, to, isDefined));
    const steps = stepsEnding(world, from, to);
    for (let at = 0; at < steps.length; at += 8) {
      await spans(steps.slice(at, at + 8).flatMap((step) => stepSpans(world, step)));
    }
    await spans(remoteCallSpans(world, from, to));
  }

  return {
    counts,
    window,
    history: async (from, to) => {
      await events(clusterEvents(world));
      for (let end = to; end > from && !signal.aborted; end -= CHUNK) {
        await window(Math.max(from, end - CHUNK), end, true);
        await sleep(60, undefined, { signal }).catch(() => undefined);
      }
      counts.historyDone = !signal.aborted;
    },
  };
}
