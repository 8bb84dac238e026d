/**
 * When each session was last heard, written at most every so often: each row says only "now", and a quiet cluster would
 * pay two inserts a second for it. What is not written at once is written later, so that the last time is never lost.
 *
 *   heard    x x x x x x x x x x x x x
 *   written  x             x           x      after EVERY_MS, and EVERY_MS after the last
 */
import type { SessionSighting } from '../../model/task.ts';

/** A cluster is silent after 2 min: a quarter of that is news enough. */
const EVERY_MS = 30_000;
const MOST_SESSIONS = 10_000;

export interface Sightings {
  /** Those of these that say something new; the rest waits for `due`. */
  readonly news: (sightings: readonly SessionSighting[]) => readonly SessionSighting[];
  /** What waited long enough; with `all`, everything that waits. */
  readonly due: (all?: boolean) => readonly SessionSighting[];
  /** They are in the store: until this is said, they are news again. */
  readonly wrote: (sightings: readonly SessionSighting[]) => void;
}

interface Seen {
  /** By this process's clock, ms. */
  writtenAt: number;
  /** Newest that was written. */
  written: number;
  waiting: SessionSighting | null;
}

const keyOf = ({ session, cluster, source, rayVersion }: SessionSighting): string =>
  JSON.stringify([session, cluster, source ?? '', rayVersion ?? '']);

export function createSightings(now: () => number = Date.now): Sightings {
  const seen = new Map<string, Seen>();
  return {
    news: (sightings) =>
      sightings.filter((sighting) => {
        const before = seen.get(keyOf(sighting));
        if (!before) return true;
        if (sighting.seen <= before.written) return false;
        if (now() - before.writtenAt >= EVERY_MS) return true;
        if (!before.waiting || sighting.seen > before.waiting.seen) before.waiting = sighting;
        return false;
      }),
    due(all = false) {
      const due: SessionSighting[] = [];
      for (const one of seen.values())
        if (one.waiting && (all || now() - one.writtenAt >= EVERY_MS)) due.push(one.waiting);
      return due;
    },
    wrote(sightings) {
      if (seen.size > MOST_SESSIONS) seen.clear();
      for (const sighting of sightings) {
        const key = keyOf(sighting);
        const { written = 0, waiting = null } = seen.get(key) ?? {};
        seen.set(key, {
          writtenAt: now(),
          written: Math.max(written, sighting.seen),
          waiting: waiting && waiting.seen > sighting.seen ? waiting : null,
        });
      }
    },
  };
}
