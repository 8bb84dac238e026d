/** What comes in pieces (the body of a request or an answer, a file), read within a bound. */
export interface BoundedBytes {
  /** Where not whole: what had come, with the piece that went beyond the bound. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** False where there are more than `most` bytes. */
  readonly isWhole: boolean;
}

/**
 * Ends the source at the bound. Rejects with its error. Not for what needs more than a bound: bodies that are ingested are timed and share
 * one budget (lib/server/ingest/body-reader.ts), gzip is watched for bombs (content-encoding.ts), rows and logs are used while they stream
 * (lib/sources/http).
 */
export async function readUpTo(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  most: number,
): Promise<BoundedBytes> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    parts.push(piece);
    size += piece.byteLength;
    if (size > most) break;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return { bytes, isWhole: size <= most };
}
