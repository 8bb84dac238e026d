/**
 * A file of OTLP protobuf, cut into requests: either one request (its ResourceSpans are requests too, since protobuf
 * messages concatenate), or requests each after a 4-byte big-endian length.
 */
import { leadingField } from './otlp-wire.ts';

export type ProtobufShape = 'request' | 'length-prefixed';
export type ProtobufPiece = { readonly bytes: Uint8Array } | { readonly error: string };

/** `limit`: bytes of one piece; a longer one ends the reading, because nothing after it can be found. */
export async function* protobufPieces(
  chunks: AsyncIterable<Buffer>,
  shape: ProtobufShape,
  limit: number,
): AsyncGenerator<ProtobufPiece> {
  let rest: Buffer = Buffer.alloc(0);
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  let needed = 1;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    waitingBytes += chunk.byteLength;
    if (rest.byteLength + waitingBytes < needed) continue;
    rest = Buffer.concat([rest, ...waiting]);
    waiting.length = 0;
    waitingBytes = 0;
    for (;;) {
      const cut = shape === 'request' ? cutField(rest) : cutPrefixed(rest);
      if (cut.error !== undefined) {
        yield { error: cut.error };
        return;
      }
      if (cut.bytes === undefined) {
        needed = cut.needed ?? rest.byteLength + 1;
        break;
      }
      yield { bytes: cut.bytes };
      rest = rest.subarray(cut.length);
    }
    if (needed > limit + 8) {
      yield { error: `a request of ${needed} bytes: the limit is ${limit}` };
      return;
    }
  }
  if (rest.byteLength + waitingBytes > 0) yield { error: 'the file ends inside a request' };
}

interface Cut {
  readonly bytes?: Uint8Array;
  readonly length?: number;
  /** Bytes that must be there before cutting is tried again. */
  readonly needed?: number;
  readonly error?: string;
}

function cutField(rest: Buffer): Cut {
  const length = leadingField(rest);
  if (length < 0) return { error: 'what follows is not an OTLP trace request' };
  if (length === 0 || length > rest.byteLength) return { needed: Math.max(length, rest.byteLength + 1) };
  return { bytes: rest.subarray(0, length), length };
}

function cutPrefixed(rest: Buffer): Cut {
  if (rest.byteLength < 4) return { needed: 4 };
  const length = rest.readUInt32BE(0);
  if (rest.byteLength < 4 + length) return { needed: 4 + length };
  return { bytes: rest.subarray(4, 4 + length), length: 4 + length };
}
