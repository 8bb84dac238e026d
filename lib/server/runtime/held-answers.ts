/** What a runtime holds of timelines, by what was asked for (held.ts, first-tile.ts). */
import { LRUCache } from 'lru-cache';
import type { TimelineLanesWire } from '../../contract/timeline-tile.ts';

/** Long enough for a page to come and ask for the rest; shorter than anything of a job is old on it. */
export const HELD_MS = 1_500;

/** Lanes that are held for longer than a moment, of all jobs together; more are too much memory. */
export const MOST_LANES = 40_000;

/** What an answer weighs beside its lanes, in lanes: there may be many that match nothing. */
const ANSWER = 500;
const MOST_JOBS = 100;

/** What was asked for, as a key. */
export const requestedKey = (query: object): string => JSON.stringify(Object.entries(query).sort());

/** Of which job, and what the indexer's revision of it was before the lanes were read. */
export interface JobLanesAnswer {
  readonly session: string;
  readonly job: string;
  readonly revision: number;
  readonly answer: TimelineLanesWire;
}

/** A job that was asked for, and what its tiles need to know. */
export interface JobNames {
  readonly which: { readonly session: string; readonly job: string };
  foundMs: number;
  /** Of every lane that somebody asked for: its node. A lane's never changes. */
  readonly nodeOf: Map<bigint, bigint>;
  readonly functions: Map<number, string>;
}

/** A tile, the address that the page will ask for it under, and the lanes it is of. */
export interface FirstTile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly isFinal: boolean;
  readonly address: string;
  readonly answer: TimelineLanesWire;
}

export interface KeptLanes extends JobLanesAnswer {
  readonly madeMs: number;
  isBehind: boolean;
}

/** By what was asked for. Belongs to the runtime: the server process and Next's bundles have copies of this module. */
export interface HeldAnswers {
  readonly jobs: LRUCache<string, JobNames>;
  /** Their sizes are lanes. */
  readonly lanes: LRUCache<string, KeptLanes>;
  readonly lanesUnderWay: Map<string, Promise<JobLanesAnswer>>;
  readonly firstTiles: Map<string, Promise<FirstTile | null>>;
}

/** One that is larger than all may be takes the place of all the others. */
const sizeOf = ({ answer }: KeptLanes): number => Math.min(MOST_LANES, answer.lanes.key.length + ANSWER);

export const createHeldAnswers = (): HeldAnswers => ({
  jobs: new LRUCache({ max: MOST_JOBS }),
  lanes: new LRUCache({ maxSize: MOST_LANES, sizeCalculation: sizeOf }),
  lanesUnderWay: new Map(),
  firstTiles: new Map(),
});

/** Makes an answer once for each key, however many ask for it until `heldMs` after it was made. */
export function once<T>(
  held: Map<string, Promise<T>>,
  key: string,
  heldMs: number,
  make: () => Promise<T>,
): Promise<T> {
  const before = held.get(key);
  if (before !== undefined) return before;
  const answer = make();
  held.set(key, answer);
  const forget = () => {
    if (held.get(key) === answer) held.delete(key);
  };
  answer.then(() => (heldMs === 0 ? forget() : setTimeout(forget, heldMs).unref()), forget);
  return answer;
}
