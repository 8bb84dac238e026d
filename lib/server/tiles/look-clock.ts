/** When the indexer looks: after something was stored, sooner where somebody watches or much came in, and never because time went by. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobKey } from '../../store/queries/timeline/timeline-parts.ts';
import { jobKey } from './job-lanes.ts';
import type { Stored } from './stored-attempts.ts';

/** After the first insert that is to be looked at: while somebody watches a job that goes on, or much came in; otherwise. */
const SOON_MS = 1_000;
const QUIET_MS = 30_000;
/** Rows that make it much. */
const MANY = 5_000;
/** Nothing came in for so long: it is said up to when all is indexed. */
const SETTLED_MS = 5_000;
/** Somebody watches for so long after the last question; a page asks again every 5 to 20 s. */
const WATCHED_MS = 25_000;
/** A job goes on for so long after something of it came in. */
const LIVE_MS = 90_000;
/** The indexer works at most a fifth of the time. */
const REST = 4;
/** What others write into a ClickHouse that is shared is asked for by the clock: the longer nothing came, the less often. */
const POLL_MS = 10_000;
const POLL_MOST_MS = 300_000;
const RETRY_MOST_MS = 60_000;
const NEVER = Number.POSITIVE_INFINITY;

export interface Work {
  readonly attempts: boolean;
  readonly jobs: boolean;
  /** Nothing came in for a while. */
  readonly isSettling: boolean;
}

export interface LookClock {
  readonly stored: (stored: Stored) => void;
  /** Somebody looks at this job. */
  readonly watch: (key: string) => void;
  /** Resolves when there is something to do. `other`: when else there is, Unix ms; null: never. */
  readonly due: (other: number | null, signal: AbortSignal) => Promise<void>;
  /** True where something waits, and looking for it at once is not too much. */
  readonly mayLookNow: () => boolean;
  /** A look begins: what is stored from now on is for the next. */
  readonly begin: () => Work;
  readonly end: (news: readonly JobKey[], error: unknown) => void;
  readonly failures: () => number;
  /** ms since the oldest insert that no look has seen; 0: none. */
  readonly waitsFor: () => number;
}

/** `isShared`: others may write into the same store. */
export function createLookClock(isShared: boolean): LookClock {
  /** What no look has seen. The first look catches up with what was stored before this process. */
  let waiting = { attempts: 1, jobs: 1, since: Date.now(), isUrgent: true };
  let looking: typeof waiting | null = null;
  let isSettled = true;
  let endedAt = 0;
  let spentMs = 0;
  let failures = 0;
  let pollMs = POLL_MS;
  let began = 0;
  const watched = new Map<string, number>();
  /** When something last came in of a job that is watched. */
  const newsAt = new Map<string, number>();
  let wake = new AbortController();

  const nothing = () => ({ attempts: 0, jobs: 0, since: 0, isUrgent: false });
  const isWaiting = (): boolean => waiting.attempts + waiting.jobs > 0;
  function isWatched(now: number): boolean {
    for (const [key, until] of watched) {
      if (until <= now) {
        watched.delete(key);
        newsAt.delete(key);
      } else if ((newsAt.get(key) ?? now) > now - LIVE_MS) return true;
    }
    return false;
  }

  function dueAt(now: number, other: number | null): number {
    const soonest = endedAt + spentMs * REST;
    if (failures > 0) return endedAt + Math.min(RETRY_MOST_MS, 1000 * 2 ** failures);
    let at = other ?? NEVER;
    const isLive = isWatched(now);
    if (isWaiting()) {
      const isSoon = waiting.isUrgent || waiting.attempts >= MANY || isLive;
      at = Math.min(at, waiting.since + (waiting.isUrgent ? 0 : isSoon ? SOON_MS : QUIET_MS));
    } else if (!isSettled) at = Math.min(at, endedAt + SETTLED_MS);
    if (isShared) at = Math.min(at, endedAt + (isLive ? SOON_MS : pollMs));
    return Math.max(at, soonest);
  }

  return {
    stored({ attempts, jobs }) {
      const since = isWaiting() ? waiting.since : Date.now();
      const before = waiting;
      waiting = { ...before, attempts: before.attempts + attempts, jobs: before.jobs + jobs, since };
      // Only what changes when the next look is due: else every insert would end a wait.
      if (before.attempts + before.jobs === 0 || (before.attempts < MANY && waiting.attempts >= MANY)) wake.abort();
    },
    watch(key) {
      const isNew = !watched.has(key);
      watched.set(key, Date.now() + WATCHED_MS);
      if (isNew) wake.abort();
    },
    async due(other, signal) {
      while (!signal.aborted) {
        const now = Date.now();
        const at = dueAt(now, other);
        if (at <= now) return;
        wake = new AbortController();
        const either = AbortSignal.any([wake.signal, signal]);
        // A timer of Node's holds 2^31 ms at most.
        await sleep(Math.min(at - now, 2 ** 30), undefined, { signal: either, ref: false }).catch(() => {});
      }
    },
    mayLookNow: () => isWaiting() && failures === 0 && Date.now() >= endedAt + Math.max(SOON_MS, spentMs * REST),
    begin() {
      began = performance.now();
      const work = waiting;
      looking = waiting;
      waiting = nothing();
      const isPolled = isShared && work.attempts + work.jobs === 0;
      return {
        attempts: work.attempts > 0 || isPolled,
        jobs: work.jobs > 0 || isPolled,
        isSettling: work.attempts + work.jobs === 0,
      };
    },
    end(news, error) {
      const did = looking ?? nothing();
      looking = null;
      endedAt = Date.now();
      spentMs = performance.now() - began;
      failures = error === null ? 0 : failures + 1;
      if (error !== null) {
        waiting = {
          attempts: waiting.attempts + did.attempts,
          jobs: waiting.jobs + did.jobs,
          since: did.since || waiting.since,
          isUrgent: waiting.isUrgent || did.isUrgent,
        };
        return;
      }
      isSettled = did.attempts + did.jobs === 0;
      pollMs = news.length > 0 ? POLL_MS : Math.min(POLL_MOST_MS, pollMs * 1.5);
      for (const { session, job_id } of news) {
        const key = jobKey(session, job_id);
        if (watched.has(key)) newsAt.set(key, endedAt);
      }
      for (const key of watched.keys()) if (!newsAt.has(key)) newsAt.set(key, endedAt - LIVE_MS + SETTLED_MS);
    },
    failures: () => failures,
    waitsFor: () => (looking?.since ? Date.now() - looking.since : isWaiting() ? Date.now() - waiting.since : 0),
  };
}
