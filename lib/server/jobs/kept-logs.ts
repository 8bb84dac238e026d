/** The end of a log as people read it, and keeping what was read of it; both within limits of characters, not only of lines. */
import { withoutAnsi } from '../../model/without-ansi.ts';
import { ownTurn } from '../../sources/http/event-loop-turns.ts';
import type { Engine } from '../../store/engine.ts';
import { insertKeptLog, type LogKey, selectKeptLog } from '../../store/queries/kept-logs.ts';

/** Of a longer log the end is kept. */
const KEPT_CHARACTERS = 2 * 1024 ** 2;
/** Of all lines of an answer together. */
const SHOWN_CHARACTERS = 4 * 1024 ** 2;
/** Of a longer line both ends are shown. */
const LINE_CHARACTERS = 16 * 1024;
/** Characters between turns of the event loop. */
const PIECE = 128 * 1024;

/** Lines that Ray's workers write for Ray's log monitor (ray/_private/ray_logging: LOG_PREFIX_*), not for people. */
const MARKERS = /^:(?:job_id|actor_name|task_name):.*(?:\n|$)/gm;

/** The last `count` lines, and whether there were more. A line ends with a newline; an empty text has none. */
export function tailLines(text: string, count: number): { readonly lines: string[]; readonly truncated: boolean } {
  const body = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  const end = body.endsWith('\n') ? body.length - 1 : body.length;
  if (body === '') return { lines: [], truncated: false };
  let begin = end + 1;
  // From the end: a text of newlines alone is not made lines of before they are counted.
  for (let found = 0; found < count && begin > 0; found++)
    begin = begin === 1 ? 0 : body.lastIndexOf('\n', begin - 2) + 1;
  return { lines: body.slice(begin, end).split('\n'), truncated: begin > 0 };
}

export interface LogTail {
  readonly lines: string[];
  /** There were more lines. */
  readonly truncated: boolean;
  /** Characters before the first line that the limits, not `count`, left out. */
  readonly cutCharacters: number;
  /** Lines of which the middle is left out. */
  readonly cutLines: number;
}

/**
 * The last `count` lines of a log without control sequences and Ray's markers. A line ends with a newline; an empty text has none.
 * Takes turns of the event loop.
 */
export async function logTail(text: string, count: number): Promise<LogTail> {
  const given = text.length > SHOWN_CHARACTERS ? text.slice(-SHOWN_CHARACTERS) : text;
  let plain = '';
  // A piece ends with a line where there is one, so that no sequence and no marker is cut in two.
  for (let from = 0; from < given.length; ) {
    const newline = given.indexOf('\n', from + PIECE - 1);
    const to = newline < 0 || newline > from + 2 * PIECE ? Math.min(given.length, from + 2 * PIECE) : newline + 1;
    plain += withoutAnsi(given.slice(from, to)).replace(MARKERS, '');
    from = to;
    await ownTurn();
  }
  const { lines, truncated } = tailLines(plain, count);
  let cutLines = 0;
  const shown = lines.map((line) => {
    if (line.length <= LINE_CHARACTERS) return line;
    cutLines += 1;
    const half = LINE_CHARACTERS / 2;
    return `${line.slice(0, half)} … ${(line.length - LINE_CHARACTERS).toLocaleString('en-US')} characters cut … ${line.slice(-half)}`;
  });
  const wantsMore = shown.length < count;
  return {
    lines: shown,
    truncated: truncated || text.length > given.length,
    cutCharacters: wantsMore ? text.length - given.length : 0,
    cutLines,
  };
}

/** Stores the text unless it is what is stored already. An empty text never takes the place of another. */
export async function keepLog(engine: Engine, key: LogKey, text: string): Promise<void> {
  const end = endOf(text);
  if (end === '' || (await selectKeptLog(engine, key))?.text === end) return;
  await insertKeptLog(engine, key, end);
}

/** From the beginning of a line where one begins in the second half of what is kept. */
function endOf(text: string): string {
  if (text.length <= KEPT_CHARACTERS) return text;
  const end = text.slice(-KEPT_CHARACTERS);
  const newline = end.indexOf('\n');
  return newline >= 0 && newline < KEPT_CHARACTERS / 2 ? end.slice(newline + 1) : end;
}
