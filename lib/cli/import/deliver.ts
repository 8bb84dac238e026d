/**
 * Parts of a file, gathered into requests of bounded size and sent one after another. Where X-Ray refuses a whole request
 * (too large, one part that is nested too deep), its parts are sent in halves until the bad one stands alone.
 */
import { UsageError } from '../usage-error.ts';

export interface Part<Content> {
  readonly content: Content;
  readonly bytes: number;
  /** Records in it, and the position of the first in the file. */
  readonly count: number;
  readonly position: number;
}

export interface Outcome {
  readonly accepted: number;
  readonly ignored: number;
  readonly rejected: number;
  /** Positions count from the first record of the request. */
  readonly rejects: readonly { readonly position: number; readonly reason: string }[];
  /** Records that were taken without something. Positions as above. */
  readonly notes?: readonly { readonly position: number; readonly reason: string }[] | undefined;
}

/** What became of a request: taken (in part), or refused as a whole with the words of X-Ray. */
export type Sent = Outcome | { readonly refused: string; readonly status: number };

export interface Tally {
  accepted: number;
  ignored: number;
  rejected: number;
  rejects: { position: number; reason: string }[];
  /** What was taken without something, or is of no use, as sentences. */
  notes: string[];
}

const REJECTS_KEPT = 20;
export const NOTES_KEPT = 20;

export const emptyTally = (): Tally => ({ accepted: 0, ignored: 0, rejected: 0, rejects: [], notes: [] });

/** Sets `count` records aside for one reason. */
export function reject(tally: Tally, position: number, reason: string, count = 1): void {
  tally.rejected += count;
  if (tally.rejects.length < REJECTS_KEPT) tally.rejects.push({ position, reason });
}

export interface Batches<Content> {
  /** Resolves when there is room again: sends what is gathered where it is enough. */
  readonly add: (part: Part<Content>) => Promise<void>;
  readonly flush: () => Promise<void>;
}

/** `send` makes one request of several parts. Rejects with UsageError where X-Ray is gone or does not let us in. */
export function createBatches<Content>(
  limits: { readonly bytes: number; readonly records: number },
  tally: Tally,
  send: (parts: readonly Part<Content>[]) => Promise<Sent>,
): Batches<Content> {
  let parts: Part<Content>[] = [];
  let [bytes, records] = [0, 0];

  async function deliver(some: readonly Part<Content>[]): Promise<void> {
    const [first] = some;
    if (!first) return;
    const sent = await send(some);
    if ('refused' in sent) {
      if (sent.status === 401 || sent.status === 403)
        throw new UsageError(`X-Ray refuses the import: ${sent.refused}`, 'set XRAY_AUTH_TOKEN');
      if (some.length > 1 && (sent.status === 400 || sent.status === 413)) {
        await deliver(some.slice(0, some.length >> 1));
        await deliver(some.slice(some.length >> 1));
      } else for (const part of some) reject(tally, part.position, sent.refused, part.count);
      return;
    }
    tally.accepted += sent.accepted;
    tally.ignored += sent.ignored;
    tally.rejected += sent.rejected;
    for (const { position, reason } of sent.rejects)
      if (tally.rejects.length < REJECTS_KEPT) tally.rejects.push({ position: inFile(some, position), reason });
    for (const { position, reason } of sent.notes ?? [])
      if (tally.notes.length < NOTES_KEPT) tally.notes.push(`record ${inFile(some, position)}: ${reason}`);
  }

  async function flush(): Promise<void> {
    const some = parts;
    parts = [];
    bytes = 0;
    records = 0;
    await deliver(some);
  }

  return {
    async add(part) {
      if (parts.length > 0 && (bytes + part.bytes > limits.bytes || records + part.count > limits.records))
        await flush();
      parts.push(part);
      bytes += part.bytes;
      records += part.count;
    },
    flush,
  };
}

/** A position within a request as one within the file: parts that were set aside before leave gaps. */
function inFile(parts: readonly Part<unknown>[], position: number): number {
  let before = 0;
  for (const part of parts) {
    if (position < before + part.count) return part.position + position - before;
    before += part.count;
  }
  return position;
}
