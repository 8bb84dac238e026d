/** The end of a text of any length, read while it streams in. */
import { BoundError, megabytes } from './json-reader.ts';

export interface TailText {
  readonly text: string;
  /** Bytes before `text` that were not kept. */
  readonly cutBytes: number;
}

/** Keeps the last `keepBytes`. `push` throws BoundError beyond `mostBytes`. */
export function createTailReader(keepBytes: number, mostBytes: number) {
  const parts: (Uint8Array | null)[] = [];
  let first = 0;
  let size = 0;
  let total = 0;
  return {
    push(chunk: Uint8Array): void {
      total += chunk.byteLength;
      if (total > mostBytes) throw new BoundError(`more than ${megabytes(mostBytes)}`);
      parts.push(chunk);
      size += chunk.byteLength;
      while (first < parts.length - 1 && size > keepBytes) {
        size -= parts[first]?.byteLength ?? 0;
        parts[first] = null;
        first += 1;
      }
    },
    end: (): TailText => ({
      text: Buffer.concat(parts.slice(first) as Uint8Array[]).toString('utf8'),
      cutBytes: total - size,
    }),
  };
}
