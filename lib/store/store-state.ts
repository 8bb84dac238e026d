/**
 * What X-Ray knows of its store outside of it, in one file beside it (`store-state.json`): which parts were there, how their
 * tables were defined, what was lost and who acknowledged it, and how far retention's clock has come. Written whole, then
 * renamed into place. A file that cannot be read counts as none, and is said.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorMessage } from '../model/error-message.ts';
import { byKey } from '../schema/by-key.ts';

const FILE = 'store-state.json';

/** Rows; first and last time of storing, Unix s; first and last time that its rows are of, where its partition says. */
const KnownPart = z.tuple([z.number(), z.number(), z.number(), z.number().nullable(), z.number().nullable()]);
export type KnownPart = z.infer<typeof KnownPart>;

const Loss = z.object({
  /** `<table>/<part>`; stable. */
  id: z.string(),
  table: z.string(),
  part: z.string(),
  /** `set-aside`: the engine could not load it. `damaged`: it is served, but not as it was written. `missing`: its files are gone. */
  cause: z.enum(['set-aside', 'damaged', 'missing']),
  /** Rows that are not there any more; null: not known. */
  rows: z.number().nullable(),
  /** Unix s. Of the rows' own time where `isOwnTime`, else of when they were stored; null: not known. */
  from: z.number().nullable(),
  to: z.number().nullable(),
  isOwnTime: z.boolean(),
  reason: z.string(),
  /** Unix ms. */
  found: z.number(),
  /** `accepted`: acknowledged by the operator. `repaired`: read back. `expired`: retention removed what was left. */
  state: z.enum(['open', 'accepted', 'repaired', 'expired']),
  settled: z.number().nullable(),
});
export type Loss = z.infer<typeof Loss>;

/** See retention-clock.ts. Times are Unix ms of the system clock. */
const Clock = z.object({
  time: z.number(),
  credit: z.number(),
  ahead: z.number().nullable(),
  behind: z.number().nullable(),
  behindPeriods: z.array(z.object({ from: z.number(), to: z.number(), until: z.number() })),
});
export type ClockState = z.infer<typeof Clock>;

const StoreState = z.object({
  version: z.literal(1),
  clock: Clock.nullable(),
  /** When each table was last cleaned by a mutation, Unix ms of retention's clock. */
  cleaned: byKey(z.number()),
  parts: byKey(byKey(KnownPart)),
  definitions: byKey(z.string()),
  losses: z.array(Loss),
});
export type StoreState = z.infer<typeof StoreState>;

const NONE: StoreState = { version: 1, clock: null, cleaned: {}, parts: {}, definitions: {}, losses: [] };

export interface StoreStateFile {
  readonly state: () => StoreState;
  /** Why the file was not read, where there was one that could not be. */
  readonly fault: string | null;
  /** Replaces members; written soon. Never rejects: `failure` says why the last write failed. */
  readonly set: (change: Partial<StoreState>) => void;
  readonly failure: () => string | null;
  /** Resolves when everything that was set is written, or could not be. */
  readonly written: () => Promise<void>;
}

export function openStoreState(directory: string): StoreStateFile {
  const path = join(directory, FILE);
  let state = NONE;
  let fault: string | null = null;
  try {
    state = StoreState.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isAbsent) fault = `${path} cannot be read: what was lost before this start is not known`;
  }
  let dirty = false;
  let writing: Promise<void> | null = null;
  let failure: string | null = null;

  async function write(): Promise<void> {
    while (dirty) {
      dirty = false;
      const part = `${path}.${randomUUID()}`;
      try {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        const file = await open(part, 'w', 0o600);
        try {
          await file.writeFile(JSON.stringify(state));
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(part, path);
        failure = null;
      } catch (error) {
        failure = errorMessage(error);
        await rm(part, { force: true }).catch(() => undefined);
      }
    }
    writing = null;
  }

  return {
    state: () => state,
    fault,
    set(change) {
      state = { ...state, ...change };
      dirty = true;
      writing ??= write();
    },
    failure: () => failure,
    async written() {
      while (writing) await writing;
    },
  };
}
