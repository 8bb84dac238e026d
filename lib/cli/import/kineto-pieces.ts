/**
 * A trace of PyTorch's profiler (kineto), cut into its events without building it whole:
 *
 *   {"schemaVersion": 1, ..., "traceEvents": [ {...}, {...} ], "traceName": "..."}
 *   '------------ top -----------------------'  '-- pieces --'  '------ top ------'
 *
 * The rest, `top`, comes last: kineto writes some of it before and some behind the events.
 */
export type KinetoPiece =
  | { readonly event: string; readonly line: number }
  | { readonly error: string; readonly line: number }
  /** JSON text of the object without its events; closed where the file was cut off. */
  | { readonly top: string };

const [NEWLINE, QUOTE, BACKSLASH] = [0x0a, 0x22, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** Of what stands beside the events; more is dropped. */
const TOP_BYTES = 4 * 1024 ** 2;

/** `limit`: bytes of one event. Lines count from 1. */
export async function* kinetoPieces(chunks: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<KinetoPiece> {
  let top: Buffer[] = [];
  let topBytes = 0;
  let event: Buffer[] = [];
  let eventBytes = 0;
  let [depth, line, eventLine] = [0, 1, 1];
  let [inString, escaped, inEvents, inEvent] = [false, false, false, false];
  /** The end of the last string that stood at depth 1, which names what follows it. */
  let key = '';
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let from = 0;
    const toTop = (until: number): void => {
      if (topBytes < TOP_BYTES) top.push(Buffer.from(bytes.subarray(from, until)));
      topBytes += until - from;
      from = until;
    };
    const toEvent = (until: number): void => {
      eventBytes += until - from;
      if (eventBytes <= limit) event.push(Buffer.from(bytes.subarray(from, until)));
      else event = [];
      from = until;
    };
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      if (byte === NEWLINE) line += 1;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
        if (depth === 1 && inString) key = (key + String.fromCharCode(byte)).slice(-12);
      } else if (byte === QUOTE) {
        inString = true;
        if (depth === 1) key = '';
      } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
        if (byte === OPEN_LIST && depth === 1 && key === 'traceEvents') {
          toTop(i + 1);
          inEvents = true;
        } else if (inEvents && depth === 2) {
          inEvent = true;
          eventLine = line;
          from = i;
        }
        depth += 1;
      } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
        depth -= 1;
        if (inEvent && depth === 2) {
          toEvent(i + 1);
          yield eventBytes > limit
            ? { error: `an event of ${eventBytes} bytes: the limit is ${limit}`, line: eventLine }
            : { event: Buffer.concat(event).toString('utf8'), line: eventLine };
          event = [];
          eventBytes = 0;
          inEvent = false;
        } else if (inEvents && depth === 1) {
          inEvents = false;
          from = i;
        }
      }
    }
    if (inEvent) toEvent(bytes.length);
    else if (!inEvents) toTop(bytes.length);
  }
  let text = Buffer.concat(top).toString('utf8');
  if (inEvent) yield { error: 'the file ends inside an event', line: eventLine };
  else if (inEvents) yield { error: 'the file ends before its list of events does', line };
  if (inEvents) text += ']}';
  top = [];
  yield { top: text };
}
