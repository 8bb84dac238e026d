/**
 * Content-Encoding of bodies: none or gzip (RFC 1952, several members too), as OTLP/HTTP asks of a server. Bounded in
 * bytes and in how many times larger than itself a body becomes; it is read in a worker, and some at a time.
 */

import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';
import { errorSentence } from '../../schema/error-sentence.ts';
import { ProblemError } from '../http/problem.ts';

export type ContentEncoding = 'identity' | 'gzip';

/** Exactly these; a look-up by outside text that an object would answer for `constructor`. */
const ENCODINGS: ReadonlyMap<string, ContentEncoding> = new Map([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
]);

/** Telemetry becomes 5 to 50 times larger; 200 times and 8 MiB are a bomb. */
const MOST_EXPANSION = 200;
const EXPANSION_FROM_BYTES = 8 * 1024 ** 2;
const CHUNK_BYTES = 256 * 1024;

/** Throws ProblemError 415. */
export function contentEncoding(header: string): ContentEncoding {
  const found = ENCODINGS.get(header.trim().toLowerCase());
  if (found === undefined)
    throw new ProblemError(
      'unsupported-media-type',
      `content encoding ${JSON.stringify(header.slice(0, 40))} is not supported: use gzip or none`,
    );
  return found;
}

const broken = (error: unknown): ProblemError =>
  new ProblemError('invalid-body', `the body is not valid gzip: ${errorSentence(error, 'the body')}`);

/** Bytes that a gzip says it becomes; what it really becomes may differ. */
function reported(bytes: Uint8Array): number {
  if (bytes.byteLength < 18) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset + bytes.byteLength - 4, 4).getUint32(0, true);
}

const gunzipAtOnce = promisify(gunzip);

/** A gzip of at most `most` bytes, read off the event loop; null where it becomes more. Rejects with ProblemError 400. */
export async function gunzipSmall(bytes: Uint8Array, most: number): Promise<Uint8Array | null> {
  if (reported(bytes) > most) return null;
  try {
    return await gunzipAtOnce(bytes, { maxOutputLength: most });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') return null;
    throw broken(error);
  }
}

/**
 * What a gzip holds, in memory of its own; null where it is more than `stopAt`. Rejects with ProblemError 413 where it is
 * more than `most` or a bomb, 400 where it is no gzip.
 */
export async function gunzipBounded(bytes: Uint8Array, most: number, stopAt: number): Promise<Uint8Array | null> {
  const stream = createGunzip({ chunkSize: CHUNK_BYTES });
  let out = new Uint8Array(Math.min(Math.max(reported(bytes), CHUNK_BYTES), most, stopAt));
  let size = 0;
  try {
    stream.end(bytes);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const end = size + chunk.byteLength;
      if (end > most) throw new ProblemError('too-large', `the body is larger than ${most} bytes when decompressed`);
      if (end > EXPANSION_FROM_BYTES && end > MOST_EXPANSION * bytes.byteLength)
        throw new ProblemError(
          'too-large',
          `the body becomes more than ${MOST_EXPANSION} times larger when decompressed, which no telemetry does`,
        );
      if (end > stopAt) return null;
      if (end > out.byteLength) {
        const larger = new Uint8Array(Math.min(most, stopAt, Math.max(end, out.byteLength * 2)));
        larger.set(out.subarray(0, size));
        out = larger;
      }
      out.set(chunk, size);
      size = end;
    }
  } catch (error) {
    throw error instanceof ProblemError ? error : broken(error);
  } finally {
    stream.destroy();
  }
  return out.subarray(0, size);
}
