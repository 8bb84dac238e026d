/** Walks the simulation forward and keeps what a running cluster would know: counts, what runs, the newest attempts. */

import type { Kill } from '../jobs/preprocessing.ts';
import { type Attempt, stateAt } from '../world/attempt.ts';
import type { World } from '../world/model.ts';
import { attemptsBetween, killsBetween } from './memory.ts';

/** Attempts kept after their end, as the GCS keeps a bounded number. */
const KEPT = 30_000;
const STRIDE = 60_000;

/** Key of the counts: one function's first attempts or retries on one node. */
export interface TallyRow {
  readonly functionName: string;
  readonly jobId: string;
  readonly node: number;
  readonly isRetry: boolean;
  finished: number;
  failed: number;
}

export class Tally {
  readonly world: World;
  #time: number;
  readonly #open = new Map<string, Attempt>();
  #ended: Attempt[] = [];
  readonly #rows = new Map<string, TallyRow>();
  readonly #kills: Kill[] = [];
  /** What all nodes ask for at one time, made once. */
  #running: readonly Attempt[] | null = null;
  #byNode: ReadonlyMap<number, readonly Attempt[]> | null = null;

  constructor(world: World) {
    this.world = world;
    this.#time = world.boot;
  }

  get time(): number {
    return this.#time;
  }

  /** Moves to `time` (Unix ms), a minute at a time, so that no more attempts are in hand than live in one; going backwards does nothing. */
  advance(time: number): void {
    while (this.#time < time) this.#moveTo(Math.min(time, this.#time + STRIDE));
  }

  #moveTo(time: number): void {
    for (const attempt of attemptsBetween(this.world, this.#time, time)) {
      if (attempt.submitted >= this.#time || (this.#time === this.world.boot && attempt.ended >= this.#time)) {
        this.#open.set(`${attempt.taskId}/${attempt.attempt}`, attempt);
      }
    }
    const ended: Attempt[] = [];
    for (const [key, attempt] of this.#open) {
      if (attempt.ended > time) continue;
      this.#open.delete(key);
      ended.push(attempt);
      const row = this.#row(attempt);
      if (attempt.failure) row.failed += 1;
      else row.finished += 1;
    }
    ended.sort((left, right) => left.ended - right.ended);
    for (const attempt of ended) this.#ended.push(attempt);
    if (this.#ended.length > KEPT * 1.2) this.#ended = this.#ended.slice(-KEPT);
    this.#kills.push(...killsBetween(this.world, this.#time, time));
    this.#time = time;
    this.#running = null;
    this.#byNode = null;
  }

  #row(attempt: Attempt): TallyRow {
    const isRetry = attempt.attempt > 0;
    const node = attempt.worker.node.index;
    const key = `${attempt.functionName}/${node}/${isRetry}`;
    let row = this.#rows.get(key);
    if (!row) {
      row = { functionName: attempt.functionName, jobId: attempt.jobId, node, isRetry, finished: 0, failed: 0 };
      this.#rows.set(key, row);
    }
    return row;
  }

  /** Counts of ended attempts by function, node and retry, from the start of the session. */
  rows(): readonly TallyRow[] {
    for (const attempt of this.#open.values()) this.#row(attempt);
    return [...this.#rows.values()];
  }

  /** Attempts that exist and have not ended. */
  open(): readonly Attempt[] {
    return [...this.#open.values()];
  }

  running(): readonly Attempt[] {
    this.#running ??= this.open().filter((attempt) => stateAt(attempt, this.#time) === 'RUNNING');
    return this.#running;
  }

  runningOn(node: number): readonly Attempt[] {
    this.#byNode ??= Map.groupBy(this.running(), (attempt) => attempt.worker.node.index);
    return this.#byNode.get(node) ?? [];
  }

  /** The newest ended attempts, oldest first. */
  ended(): readonly Attempt[] {
    return this.#ended;
  }

  kills(): readonly Kill[] {
    return this.#kills;
  }
}
