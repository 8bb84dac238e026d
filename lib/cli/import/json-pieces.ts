/**
 * JSON text of any size, cut into pieces without building it whole. Three shapes, told apart by detect-kind.ts:
 *   lines   one value on each line; a broken line costs that line alone
 *   array   one array, or several one after another: the pieces are their elements
 *   values  one value after another, over several lines each
 * Nothing is parsed here but brackets and strings; a piece may still be no JSON.
 */
export type JsonShape = 'lines' | 'array' | 'values';

export type Piece =
  | { readonly text: string; readonly line: number }
  /** What cannot be a piece: where, and why. */
  | { readonly error: string; readonly line: number };

const [NEWLINE, QUOTE, BACKSLASH, COMMA] = [0x0a, 0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === NEWLINE;

/** Bytes of one piece over several chunks, dropped beyond the limit. */
function collector(limit: number) {
  let parts: Uint8Array[] = [];
  let size = 0;
  return {
    add(bytes: Uint8Array): void {
      size += bytes.byteLength;
      if (size <= limit) parts.push(Uint8Array.prototype.slice.call(bytes));
      else parts = [];
    },
    take(line: number): Piece {
      const piece: Piece =
        size > limit
          ? { error: `a record of ${size} bytes: the limit is ${limit}`, line }
          : { text: Buffer.concat(parts).toString('utf8'), line };
      parts = [];
      size = 0;
      return piece;
    },
    get size() {
      return size;
    },
  };
}

/** `limit`: bytes of one piece. Lines count from 1. */
export async function* jsonPieces(
  chunks: AsyncIterable<Uint8Array>,
  shape: JsonShape,
  limit: number,
): AsyncGenerator<Piece> {
  const clean = withoutMark(chunks);
  yield* shape === 'lines' ? lines(clean, limit) : values(clean, shape === 'array', limit);
}

/** Without the byte order mark that some editors put first. */
async function* withoutMark(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const chunk of chunks) {
    const hasMark = isFirst && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf;
    isFirst = false;
    yield hasMark ? chunk.subarray(3) : chunk;
  }
}

async function* lines(chunks: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Piece> {
  const piece = collector(limit);
  let line = 1;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      piece.add(chunk.subarray(from, at));
      if (piece.size > 0) yield piece.take(line);
      line += 1;
      from = at + 1;
    }
    piece.add(chunk.subarray(from));
  }
  if (piece.size > 0) yield piece.take(line);
}

// depth 0        1                     array: pieces are what stands at depth 1
//       [ {"a": [1]} , {"b": 2} ]      values: pieces are what stands at depth 0
//         '- piece -'
async function* values(chunks: AsyncIterable<Uint8Array>, isArray: boolean, limit: number): AsyncGenerator<Piece> {
  const piece = collector(limit);
  const base = isArray ? 1 : 0;
  let depth = 0;
  let line = 1;
  let pieceLine = 1;
  let [inString, escaped, inPiece, closed] = [false, false, false, false];
  for await (const chunk of chunks) {
    let from = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0;
      if (byte === NEWLINE) line += 1;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
        continue;
      }
      if (!inPiece) {
        if (isSpace(byte) || (isArray && depth === 1 && byte === COMMA)) continue;
        if (isArray && depth === 0) {
          if (byte !== OPEN_LIST) {
            yield { error: 'text after the end of the list', line };
            return;
          }
          depth = 1;
          closed = false;
          continue;
        }
        if (isArray && depth === 1 && byte === CLOSE_LIST) {
          depth = 0;
          closed = true;
          continue;
        }
        inPiece = true;
        from = i;
        pieceLine = line;
      }
      if (byte === QUOTE) inString = true;
      else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth += 1;
      else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
        depth -= 1;
        if (depth < base) {
          // A bare number or word just before the list's end.
          piece.add(chunk.subarray(from, i));
          yield piece.take(pieceLine);
          inPiece = false;
          closed = true;
        } else if (depth === base) {
          piece.add(chunk.subarray(from, i + 1));
          yield piece.take(pieceLine);
          inPiece = false;
        }
      } else if (depth === base && (byte === COMMA || isSpace(byte))) {
        piece.add(chunk.subarray(from, i));
        yield piece.take(pieceLine);
        inPiece = false;
      }
    }
    if (inPiece) piece.add(chunk.subarray(from));
  }
  if (inPiece) yield { error: 'the file ends inside a record', line: pieceLine };
  else if (isArray && !closed) yield { error: 'the file ends before its list does', line };
}
