/**
 * Places in JSON text that checkJson has passed: where a value ends, which members an object has, which elements a list.
 * So a body of 60 MB is built a few hundred records at a time, and never as one value.
 *
 *   {"resourceSpans":[{"scopeSpans":[{"spans":[ {...}, {...}, {...} ]}]}]}
 *                                               '- parsed together -'
 */
import { errorSentence } from '../../schema/error-sentence.ts';
import { tooLargeRecord } from '../read-limits.ts';
import { jsonStart, stringEnd, wordEnd } from './check-json.ts';
import { parseExactJson, parseLooseJson } from './exact-json.ts';

const [QUOTE, COMMA] = [0x22, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** Records that are parsed together, and their bytes. */
const TOGETHER = 500;
const TOGETHER_BYTES = 256 * 1024;

export interface RecordVisitor {
  readonly records: (records: readonly unknown[]) => void;
  /** One record that is too large or no JSON; it has a place of its own in the order of all. */
  readonly refuse: (reason: string) => void;
}

export class JsonText {
  /** Of the one value of the text. */
  readonly root: number;
  private readonly bytes: Buffer;
  /** Values that `end` passed last. */
  private passed = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.root = this.skip(jsonStart(bytes));
  }

  isList = (start: number): boolean => this.bytes[start] === OPEN_LIST;
  isObject = (start: number): boolean => this.bytes[start] === OPEN_OBJECT;

  private skip(start: number): number {
    let i = start;
    for (; i < this.bytes.length; i++) {
      const byte = this.bytes[i];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    }
    return i;
  }

  /** Index behind the value that begins at `start`. */
  end(start: number): number {
    const { bytes } = this;
    let depth = 0;
    this.passed = 0;
    for (let i = start; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      if (byte === QUOTE) i = stringEnd(bytes, i);
      else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
        depth += 1;
        this.passed += 1;
      } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
      else if (byte === COMMA) this.passed += 1;
      else if (depth === 0) return wordEnd(bytes, i) + 1;
      if (depth === 0) return i + 1;
    }
    return bytes.length;
  }

  /** The value that begins at `start`. Throws SyntaxError, and RangeError where it is larger than a record may be. */
  parse(start: number): unknown {
    const end = this.end(start);
    const reason = tooLargeRecord(end - start, this.passed);
    if (reason !== null) throw new RangeError(reason);
    const text = this.bytes.toString('utf8', start, end);
    try {
      return parseExactJson(text);
    } catch {
      return parseLooseJson(text);
    }
  }

  /** Records that stand next to each other; null where not all of them are JSON. */
  private together(first: number, last: number): readonly unknown[] | null {
    try {
      const parsed = parseExactJson(`[${this.bytes.toString('utf8', first, last)}]`);
      return Array.isArray(parsed) ? parsed : [];
    } catch {
      return null;
    }
  }

  /** Records one by one, where some of them could not be parsed together: a broken one is refused alone. */
  private eachAlone(first: number, last: number, { records, refuse }: RecordVisitor): void {
    let good: unknown[] = [];
    const flush = (): void => {
      if (good.length > 0) records(good);
      good = [];
    };
    for (let at = first; at < last; at = this.next(this.end(at))) {
      try {
        good.push(this.parse(at));
      } catch (error) {
        flush();
        refuse(`the record is not valid JSON: ${errorSentence(error, 'the record')}`);
      }
    }
    flush();
  }

  /** Where each member of the object at `start` begins; of keys that come twice, the last. Empty where it is no object. */
  members(start: number, names: ReadonlySet<string>): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    if (!this.isObject(start)) return found;
    let at = this.skip(start + 1);
    while (this.bytes[at] === QUOTE) {
      const keyEnd = stringEnd(this.bytes, at) + 1;
      const value = this.skip(this.skip(keyEnd) + 1);
      // No name that is asked for is longer, even with all its characters escaped.
      const key = keyEnd - at < 200 ? String(parseLooseJson(this.bytes.toString('utf8', at, keyEnd))) : '';
      if (names.has(key)) found.set(key, value);
      at = this.next(this.end(value));
    }
    return found;
  }

  /** The element or member after the one that ends at `end`, or the closing bracket. */
  private next(end: number): number {
    const at = this.skip(end);
    return this.bytes[at] === COMMA ? this.skip(at + 1) : at;
  }

  /** Where each element of the list at `start` begins; none where it is no list. */
  *elements(start: number | undefined): Generator<number> {
    if (start === undefined || !this.isList(start)) return;
    for (let at = this.skip(start + 1); this.bytes[at] !== CLOSE_LIST; at = this.next(this.end(at))) yield at;
  }

  /** Elements of the list at `start`, or that one value where it is no list, in their order. */
  eachRecord(start: number | undefined, visitor: RecordVisitor): void {
    if (start === undefined) return;
    const { records, refuse } = visitor;
    const isList = this.isList(start);
    const close = (at: number): boolean => isList && this.bytes[at] === CLOSE_LIST;
    let first = isList ? this.skip(start + 1) : start;
    let [count, last] = [0, first];
    const flush = (from: number): void => {
      if (count > 0) {
        const parsed = this.together(first, last);
        if (parsed === null) this.eachAlone(first, last, visitor);
        else records(parsed);
      }
      first = from;
      count = 0;
    };
    for (let at = first; at < this.bytes.length && !close(at); ) {
      const end = this.end(at);
      const reason = tooLargeRecord(end - at, this.passed);
      const following = isList ? this.next(end) : this.bytes.length;
      if (reason !== null) {
        flush(following);
        refuse(reason);
        first = following;
      } else {
        if (count === TOGETHER || (count > 0 && end - first > TOGETHER_BYTES)) flush(at);
        count += 1;
        last = end;
      }
      at = following;
    }
    flush(this.bytes.length);
  }
}
