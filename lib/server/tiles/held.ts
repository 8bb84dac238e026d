/**
 * Answers for all who ask for the same: a page, its first tile and its first picture do, at about the same moment. Lanes are
 * held for as long as the indexer changes nothing of their job: to read and sort them takes longer than the rest of a first look.
 *
 *   asked   |---- made ----|---- unchanged: as they are; after LOOKED_UP_MS made anew behind the answer ----|
 */
import type { TimelineLanesWire } from '../../contract/timeline-tile.ts';
import {
  HELD_MS,
  type JobLanesAnswer,
  type KeptLanes,
  MOST_LANES,
  once,
  requestedKey,
} from '../runtime/held-answers.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { getTimelineLanes, type LanesQuery } from './lanes.ts';

/** Names of nodes and actors, and other jobs with the same id, come without the indexer. */
const LOOKED_UP_MS = 10_000;
/** After the page that asked is drawn. */
const BEHIND_MS = 3_000;
/** What is past retention leaves without the indexer, too. */
const LONGEST_MS = 600_000;

/** As `getTimelineLanes`; goes on when one of those who wait has gone. */
export async function getHeldLanes(runtime: Runtime, query: LanesQuery): Promise<TimelineLanesWire> {
  const key = requestedKey(query);
  const found = runtime.held.lanes.get(key);
  if (found === undefined || !isAsItWas(runtime, found)) return (await make(runtime, key, query)).answer;
  if (performance.now() - found.madeMs > LOOKED_UP_MS && !found.isBehind) {
    found.isBehind = true;
    setTimeout(() => make(runtime, key, query).catch(() => runtime.held.lanes.delete(key)), BEHIND_MS).unref();
  }
  const { answer } = found;
  const now = BigInt(Date.now()) * 1_000_000n;
  // What runs goes on.
  const isLonger = answer.running.length > 0 && answer.toNs !== null && BigInt(answer.toNs) < now;
  return { ...answer, nowNs: now.toString(), ...(isLonger ? { toNs: now.toString() } : {}) };
}

/** A page was asked for: where it is a timeline's, it will ask for its lanes in a moment. */
export function expectTimeline(runtime: Runtime, url: string): void {
  const [, jobId] = /^\/jobs\/([\w.~-]+)\/timeline(?:\?|$)/.exec(url) ?? [];
  if (jobId === undefined) return;
  const session = new URLSearchParams(url.split('?')[1]).get('session');
  // That there is no such job is for the page to say.
  getHeldLanes(runtime, { jobId, ...(session ? { session } : {}), order: 'node' }).catch(() => {});
}

function isAsItWas({ timelines }: Runtime, { session, job, revision, madeMs, answer }: KeptLanes): boolean {
  const age = performance.now() - madeMs;
  if (answer.isBeingMade || answer.lanes.key.length > MOST_LANES) return age < HELD_MS;
  return age < LONGEST_MS && timelines.revision(session, job) === revision;
}

function make(runtime: Runtime, key: string, query: LanesQuery): Promise<JobLanesAnswer> {
  return once(runtime.held.lanesUnderWay, key, 0, async () => {
    const made = await getTimelineLanes(runtime, query);
    const one = { ...made, madeMs: performance.now(), isBehind: false };
    const isHuge = made.answer.lanes.key.length >= MOST_LANES;
    runtime.held.lanes.set(key, one, isHuge ? { ttl: HELD_MS } : {});
    return made;
  });
}
