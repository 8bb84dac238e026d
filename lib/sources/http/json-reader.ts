/**
 * JSON (RFC 8259) read while it streams in: the elements of one array come as rows, one by one; the rest, with that array empty, at the
 * end. Every bound is checked before anything is kept, so an answer costs no more than its bounds whatever its length.
 *
 *   rowsAt ['data', 'result']      {"status":"success","data":{"resultType":"vector","result":[ row , row , row ]}}
 *   tailAt ['logs']                {"logs":"... only the last bytes of this text are kept ..."}
 */

/** A bound that an answer went beyond, in words that follow "answered": "more than 50,000 rows". */
export class BoundError extends Error {
  readonly code = 'beyond-bound';
}

export interface JsonBounds {
  /** Of the whole answer, decompressed. */
  readonly bytes: number;
  /** Of one row; a longer one is a bad row. */
  readonly rowBytes: number;
  /** Keys of the objects in one row: an object of 100,000 keys is slow to make. A row with more is a bad row. */
  readonly rowKeys: number;
  readonly rows: number;
  readonly depth: number;
  /** Of all that is no row. */
  readonly restBytes: number;
  /** Kept of a text at `tailAt`. */
  readonly tailBytes: number;
}

export const JSON_BOUNDS: JsonBounds = {
  bytes: 64 * 1024 ** 2,
  rowBytes: 4 * 1024 ** 2,
  rowKeys: 10_000,
  rows: 50_000,
  depth: 64,
  restBytes: 8 * 1024 ** 2,
  tailBytes: 8 * 1024 ** 2,
};

export interface JsonPlan {
  /** Keys from the top to the array whose elements are rows; [] is an array at the top. Null: no rows. */
  readonly rowsAt: readonly string[] | null;
  /** Called in order; a throw ends the reading. */
  readonly onRow?: (row: unknown) => void;
  /** A row that is no JSON or too long. */
  readonly onBadRow?: () => void;
  readonly tailAt?: readonly string[];
  readonly bounds?: Partial<JsonBounds>;
}

export interface JsonRead {
  /** The value, with the array of rows empty and the text at `tailAt` empty. */
  readonly rest: unknown;
  readonly rows: number;
  /** The end of the text at `tailAt`; null where there was none. */
  readonly tail: { readonly text: string; readonly cutBytes: number } | null;
}

export interface JsonReader {
  /** Throws BoundError. */
  readonly push: (chunk: Uint8Array) => void;
  /** Throws SyntaxError where what came is no JSON. */
  readonly end: () => JsonRead;
}

const [QUOTE, BACKSLASH, COMMA, COLON, SMALL_U] = [0x22, 0x5c, 0x2c, 0x3a, 0x75];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a;
const LONGEST_KEY = 256;

export function createJsonReader(plan: JsonPlan): JsonReader {
  const bounds = { ...JSON_BOUNDS, ...plan.bounds };
  const { rowsAt, tailAt } = plan;
  const rest = createPiece(bounds.restBytes);
  const row = createPiece(bounds.rowBytes);
  const tail = tailAt ? createTail(bounds.tailBytes) : null;
  /** The key that each open object is at; only as deep as the plan looks. */
  const keys: string[] = [];
  const isObject = new Uint8Array(bounds.depth + 2);
  const expectsKey = new Uint8Array(bounds.depth + 2);
  const deepestKey = Math.max(rowsAt?.length ?? 0, tailAt?.length ?? 0);
  let bytes = 0;
  let depth = 0;
  let rows = 0;
  let inText = false;
  let escaped = false;
  let key: number[] | null = null;
  /** Depth of the rows' array while inside it, else -1. */
  let rowDepth = -1;
  let inRow = false;
  let rowKeys = 0;
  let inTail = false;
  let hadRows = false;
  let hadTail = false;

  const isAt = (path: readonly string[] | null | undefined): boolean => {
    if (!path || path.length !== depth) return false;
    for (let level = 0; level < depth; level++)
      if (isObject[level + 1] === 0 || keys[level + 1] !== path[level]) return false;
    return true;
  };
  const endRow = (): void => {
    inRow = false;
    if (++rows > bounds.rows) throw new BoundError(`more than ${count(bounds.rows)} rows`);
    const text = row.take();
    let value: unknown;
    try {
      if (text === null) throw new SyntaxError('too long');
      value = JSON.parse(text);
    } catch {
      plan.onBadRow?.();
      return;
    }
    plan.onRow?.(value);
  };

  function push(chunk: Uint8Array): void {
    bytes += chunk.length;
    if (bytes > bounds.bytes) throw new BoundError(`more than ${megabytes(bounds.bytes)}`);
    const escapedAtStart = escaped;
    let from = 0;
    const give = (to: number): void => {
      const piece = chunk.subarray(from, to);
      if (inTail) tail?.add(piece, from === 0 && escapedAtStart);
      else if (rowDepth < 0) {
        if (!rest.add(piece))
          throw new BoundError(`more than ${megabytes(bounds.restBytes)}${hadRows ? ' besides its rows' : ''}`);
      } else if (inRow) row.add(piece);
      from = to;
    };
    for (let i = 0; i < chunk.length; i++) {
      if (inText && !escaped && key === null) i = textEnd(chunk, i);
      if (i >= chunk.length) break;
      const byte = chunk[i] as number;
      if (inText) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) {
          inText = false;
          if (inTail) {
            give(i);
            inTail = false;
          } else if (key) {
            keys[depth] = Buffer.from(key).toString();
            key = null;
          }
          continue;
        }
        if (key && key.length < LONGEST_KEY) key.push(byte);
        continue;
      }
      if (isSpace(byte)) continue;
      if (depth === rowDepth) {
        if (byte === COMMA || byte === CLOSE_LIST) {
          if (inRow) {
            give(i);
            endRow();
          }
          from = i + 1;
          if (byte === CLOSE_LIST) {
            rowDepth = -1;
            from = i;
          }
        } else if (!inRow) {
          inRow = true;
          rowKeys = 0;
          from = i;
        }
      }
      switch (byte) {
        case QUOTE:
          inText = true;
          if (depth <= deepestKey && expectsKey[depth] === 1) key = [];
          else if (tail && !hadTail && isAt(tailAt)) {
            give(i + 1);
            inTail = true;
            hadTail = true;
          }
          break;
        case OPEN_OBJECT:
        case OPEN_LIST:
          if (byte === OPEN_LIST && !hadRows && rowDepth < 0 && isAt(rowsAt)) {
            give(i + 1);
            hadRows = true;
            rowDepth = depth + 1;
          }
          if (++depth > bounds.depth) throw new BoundError(`JSON that is nested deeper than ${bounds.depth}`);
          isObject[depth] = byte === OPEN_OBJECT ? 1 : 0;
          expectsKey[depth] = byte === OPEN_OBJECT ? 1 : 0;
          break;
        case CLOSE_OBJECT:
        case CLOSE_LIST:
          if (depth > 0) depth -= 1;
          break;
        case COMMA:
          expectsKey[depth] = isObject[depth] as number;
          break;
        case COLON:
          expectsKey[depth] = 0;
          if (inRow && ++rowKeys > bounds.rowKeys) row.refuse();
          break;
        default:
      }
    }
    give(chunk.length);
  }

  return {
    push,
    end() {
      if (depth !== 0 || inText) throw new SyntaxError('the JSON ends too early');
      const kept = tail && hadTail ? tail.take() : null;
      return { rest: JSON.parse(rest.take() ?? ''), rows, tail: kept };
    },
  };
}

/** Index of the next quote or backslash from `at`; the length where there is none. */
function textEnd(chunk: Uint8Array, at: number): number {
  let i = at;
  for (; i < chunk.length; i++) {
    const byte = chunk[i];
    if (byte === QUOTE || byte === BACKSLASH) break;
  }
  return i;
}

export const megabytes = (bytes: number): string =>
  bytes >= 1024 ** 2 ? `${count(Math.round(bytes / 1024 ** 2))} MB` : `${count(Math.round(bytes / 1024))} KB`;
const count = (value: number): string => value.toLocaleString('en-US');

/** Bytes over several chunks; `add` is false and `take` is null beyond the limit, or once it was refused. */
function createPiece(limit: number) {
  let parts: Uint8Array[] = [];
  let size = 0;
  return {
    add(bytes: Uint8Array): boolean {
      size += bytes.byteLength;
      if (size > limit) parts = [];
      else if (bytes.byteLength > 0) parts.push(bytes);
      return size <= limit;
    },
    refuse(): void {
      size = Number.POSITIVE_INFINITY;
      parts = [];
    },
    take(): string | null {
      const text = size > limit ? null : Buffer.concat(parts).toString('utf8');
      parts = [];
      size = 0;
      return text;
    },
  };
}

/** The last bytes of a JSON text that may be of any length. */
function createTail(limit: number) {
  const parts: { readonly bytes: Uint8Array; readonly inEscape: boolean }[] = [];
  let first = 0;
  let size = 0;
  let cutBytes = 0;
  return {
    add(bytes: Uint8Array, inEscape: boolean): void {
      if (bytes.byteLength === 0) return;
      parts.push({ bytes, inEscape });
      size += bytes.byteLength;
      // One part stays, however long: it is no longer than a chunk.
      while (first < parts.length - 1 && size > limit) {
        const gone = parts[first]?.bytes.byteLength ?? 0;
        delete parts[first];
        first += 1;
        size -= gone;
        cutBytes += gone;
      }
    },
    /** Throws SyntaxError. */
    take(): { text: string; cutBytes: number } {
      const kept = parts.slice(first);
      let bytes = Buffer.concat(kept.map((part) => part.bytes));
      // What is left of an escape whose beginning was cut away goes too.
      if (kept[0]?.inEscape) bytes = bytes.subarray(bytes[0] === SMALL_U ? 5 : 1);
      return { text: JSON.parse(`"${bytes.toString('utf8')}"`) as string, cutBytes };
    },
  };
}
