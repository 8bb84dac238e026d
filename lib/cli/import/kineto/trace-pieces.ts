/**
 * A Chrome trace (kineto's), cut into its events without building it whole:
 *
 *   {"schemaVersion": 1, ..., "traceEvents": [ {...}, {...} ], "traceName": "..."}     or a bare list  [ {...}, {...} ]
 *   '------------ top -----------------------'  '-- pieces --'  '------ top ------'
 *
 * The rest, `top`, comes last: kineto writes some of it before and some behind the events. Kineto also prints names without escaping
 * what is in them, so that a quote in one inverts what is within a string from there on. An event that is no JSON, or that never
 * ends, is therefore cut where the next event surely begins, and costs itself alone:
 *
 *   {"ph": "X", "name": "size 5" disk(3): read", ...}, {"ph": "X", ...}, {"ph": "X", ...}
 *   '---------------- set aside --------------------'  ^ `}, {"<key of an event>":` is where reading goes on
 */
import { ByteWindow } from './byte-window.ts';
import { parseLenient } from './lenient-json.ts';

export type TracePiece =
  | { readonly event: unknown; readonly line: number }
  | { readonly error: string; readonly line: number }
  /** JSON text of the object without its events; closed where the file was cut off. '' of a bare list. */
  | { readonly top: string };

const [NEWLINE, QUOTE, BACKSLASH, COMMA] = [0x0a, 0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === NEWLINE;
/** Of what stands beside the events, on each side of them; more is dropped. */
const TOP_BYTES = 4 * 1024 ** 2;
/** An event that goes on for so long is looked at for another one within it, and again whenever it is twice as long. */
const SUSPICIOUS_BYTES = 256 * 1024;
const LIST = /(^|[^\\])"traceEvents"\s*:\s*\[/;
const NEXT_EVENT = /,\s*\{(?=\s*"(?:ph|name|cat|ts|dur|pid|tid|id|args|s|bp|cname|tts|sf)"\s*:)/g;
const PHASE = /"ph"\s*:/;

/** Where events begin within `text`: an object after a comma whose first key is one of an event, and that has a phase. */
function eventStarts(text: string): number[] {
  const found = [...text.matchAll(NEXT_EVENT)].map((match) => match.index + match[0].length - 1);
  return found.filter((start, i) => PHASE.test(text.slice(start, found[i + 1])));
}

const noJson = 'the event is not valid JSON: a character in one of its texts is not escaped';

/** `limit`: bytes of one event. Lines count from 1. `isList`: a bare list. */
export async function* tracePieces(
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
  isList = false,
): AsyncGenerator<TracePiece> {
  const window = new ByteWindow();
  const events = new EventReader(window, limit);
  let [head, tail] = ['', ''];
  let phase: 'head' | 'events' | 'tail' = 'head';
  for await (const chunk of chunks) {
    window.append(chunk);
    if (phase === 'head') {
      const begin = isList ? window.bytes.indexOf(OPEN_LIST, window.from) + 1 : listIn(window);
      if (begin > 0 && begin <= window.to) {
        head = (head + window.take(begin)).slice(0, TOP_BYTES);
        phase = 'events';
      } else if (window.to - window.from > TOP_BYTES) head = (head + window.take(window.to - 256)).slice(0, TOP_BYTES);
    }
    if (phase === 'events') {
      yield* events.read();
      if (events.isClosed) phase = 'tail';
    }
    if (phase === 'tail' && tail.length < TOP_BYTES) tail += window.take(window.to);
    else if (phase === 'tail') window.skip(window.to);
  }
  if (phase === 'events') {
    // What could not be told apart from an event at the end may be what stands behind them.
    tail = window.bytes.toString('latin1', Math.max(window.from, window.to - TOP_BYTES), window.to);
    yield* events.end();
    yield { top: isList ? '' : `${head}]${behindEvents(tail)}` };
  } else if (phase === 'head') yield { error: 'the file has no list of events', line: 1 };
  else yield { top: isList ? '' : `${head}${tail}` };
}

/** Index behind the bracket that opens the list of events; 0: not there yet. */
function listIn(window: ByteWindow): number {
  const key = '"traceEvents"';
  for (let at = window.bytes.indexOf(key, window.from); at !== -1 && at < window.to; ) {
    const before = Math.max(window.from, at - 1);
    const found = LIST.exec(window.bytes.toString('latin1', before, Math.min(window.to, at + 256)));
    if (found !== null) return before + found.index + found[0].length;
    at = window.bytes.indexOf(key, at + 1);
  }
  return 0;
}

/** What stands behind the events, where an event that never ended hides where they do. */
function behindEvents(text: string): string {
  const at = /"(baseTimeNanoseconds|distributedInfo|host_name)"\s*:/.exec(text)?.index ?? -1;
  return at === -1 ? '}' : `,${text.slice(at)}`;
}

class EventReader {
  isClosed = false;
  private readonly window: ByteWindow;
  private readonly limit: number;
  /** Of the item that begins at `window.from`: up to where it is read, relative to that. */
  private scanned = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;
  private suspicious = SUSPICIOUS_BYTES;
  /** True while bytes are dropped up to the next event: what stands here begins no event. */
  private isLost = false;
  private tooLong = 0;

  constructor(window: ByteWindow, limit: number) {
    this.window = window;
    this.limit = limit;
  }

  private reset(): void {
    this.scanned = 0;
    this.depth = 0;
    this.inString = false;
    this.escaped = false;
    this.suspicious = SUSPICIOUS_BYTES;
  }

  /** All events that are whole so far. */
  *read(): Generator<TracePiece> {
    const { window } = this;
    for (;;) {
      if (this.isLost && !(yield* this.found(false))) return;
      if (this.scanned === 0 && !this.atItem()) return;
      const end = this.scan();
      if (end > 0) yield* this.whole(end);
      else if (window.to - window.from >= this.suspicious) {
        if (!(yield* this.split(window.to))) this.suspicious *= 2;
        if (window.to - window.from > this.limit) yield* this.drop();
        if (this.scanned > 0) return;
      } else return;
      if (this.isClosed) return;
    }
  }

  /** What is left when the file ends. */
  *end(): Generator<TracePiece> {
    const { window } = this;
    while (window.from < window.to) {
      if (this.isLost) {
        if (yield* this.found(true)) continue;
        return;
      }
      yield* this.read();
      if (this.isClosed) return;
      if (window.from >= window.to || this.isLost) continue;
      if (!(yield* this.split(window.to))) {
        const { line } = window;
        const text = window.take(window.to).trimEnd();
        // A list that was closed within a text that was not: the last event is broken, and the file whole.
        yield { error: /\]\s*,?[^\]]*\}\s*$/.test(text) ? noJson : 'the file ends inside an event', line };
        return;
      }
    }
    yield { error: 'the file ends before its list of events does', line: window.line };
  }

  /** Goes to the first byte of the next item; false where there is none yet. Sets `isClosed` at the end of the list. */
  private atItem(): boolean {
    const { window } = this;
    let at = window.from;
    while (at < window.to && (isSpace(window.bytes[at] ?? 0) || window.bytes[at] === COMMA)) at += 1;
    window.skip(at);
    if (at >= window.to) return false;
    if (window.bytes[at] !== CLOSE_LIST) return true;
    this.isClosed = true;
    return false;
  }

  /** Index behind the item at `window.from`; 0 where it is not all there. */
  private scan(): number {
    const { bytes, from, to } = this.window;
    let i = from + this.scanned;
    let { depth, inString, escaped } = this;
    const first = bytes[from] ?? 0;
    const isBare = first !== OPEN_OBJECT && first !== OPEN_LIST && first !== QUOTE;
    for (; i < to; i++) {
      const byte = bytes[i] ?? 0;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) {
          inString = false;
          if (depth === 0) return i + 1;
        }
      } else if (byte === QUOTE) inString = true;
      else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth += 1;
      else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
        if (isBare) return Math.max(i, from + 1);
        depth -= 1;
        if (depth <= 0) return i + 1;
      } else if (isBare && (byte === COMMA || isSpace(byte))) return i;
    }
    this.scanned = i - from;
    [this.depth, this.inString, this.escaped] = [depth, inString, escaped];
    return 0;
  }

  /** An item that ends at `end`: an event, or what is none. */
  private *whole(end: number): Generator<TracePiece> {
    const { window } = this;
    const { line } = window;
    if (end - window.from > this.limit) {
      yield { error: `an event of ${end - window.from} bytes: the limit is ${this.limit}`, line };
      window.skip(end);
      this.reset();
      return;
    }
    const first = window.bytes[window.from];
    const text = window.bytes.toString('utf8', window.from, end);
    const event = parseLenient(text);
    if (event !== undefined) {
      window.skip(end);
      this.reset();
      yield { event, line };
    } else if (first !== OPEN_OBJECT) this.isLost = true;
    else if (!(yield* this.split(end))) {
      window.skip(end);
      this.reset();
      yield { error: noJson, line };
    }
  }

  /**
   * Cuts what stands up to `end` where events begin within it; false where none does. The last of them is read again, since it may
   * go on.
   */
  private *split(end: number): Generator<TracePiece> {
    const { window } = this;
    const text = window.bytes.toString('latin1', window.from, end);
    const starts = eventStarts(text);
    if (starts.length === 0) return false;
    const parts = starts.map((start, i) => {
      const from = window.from + (i === 0 ? 0 : (starts[i - 1] ?? 0));
      return window.bytes.toString('utf8', from, window.from + start).replace(/\s*,\s*$/, '');
    });
    for (const [i, part] of parts.entries()) {
      const value = parseLenient(part);
      yield value === undefined ? { error: noJson, line: window.line } : { event: value, line: window.line };
      window.skip(window.from + (starts[i] ?? 0) - (i === 0 ? 0 : (starts[i - 1] ?? 0)));
    }
    this.reset();
    return true;
  }

  /** Drops what is read of an event beyond the limit, and looks for the next one. */
  private *drop(): Generator<TracePiece> {
    const { window } = this;
    const size = window.to - window.from;
    yield { error: `an event of over ${size} bytes: the limit is ${this.limit}`, line: window.line };
    window.skip(window.to - 64);
    this.reset();
    this.isLost = true;
    this.tooLong = 1;
  }

  /** Where nothing begins an event: goes to the next one, and says what was dropped. */
  private *found(isEnd: boolean): Generator<TracePiece, boolean> {
    const { window } = this;
    const text = window.bytes.toString('latin1', window.from, window.to);
    const [next] = eventStarts(text);
    if (next === undefined && !isEnd) {
      // A pattern may be cut by the end of what is there.
      if (text.length > 2 * SUSPICIOUS_BYTES) window.skip(window.to - 256);
      return false;
    }
    if (this.tooLong === 0) yield { error: 'this is not an event', line: window.line };
    this.tooLong = 0;
    this.isLost = false;
    this.reset();
    window.skip(next === undefined ? window.to : window.from + next);
    return next !== undefined;
  }
}
