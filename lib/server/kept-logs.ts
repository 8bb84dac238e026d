/** Keeping what was read of a log, within limits. */
import type { Engine } from '../store/engine.ts';
import { insertKeptLog, type LogKey, selectKeptLog } from '../store/queries/kept-logs.ts';

/** Of a longer log the end is kept. */
const KEPT_CHARACTERS = 2 * 1024 ** 2;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is being removed
const ANSI = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/g;

/** Text without the control sequences of a terminal (colours, links, cursor moves). */
export const plainText = (text: string): string => text.replace(ANSI, '');

/** The last `count` lines, and whether there were more. A line ends with a newline; an empty text has none. */
export function tailLines(text: string, count: number): { readonly lines: string[]; readonly truncated: boolean } {
  const body = text.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  if (body === '') return { lines: [], truncated: false };
  const lines = body.split('\n');
  return { lines: lines.slice(-count), truncated: lines.length > count };
}

/** Stores the text unless it is what is stored already. An empty text never takes the place of another. */
export async function keepLog(engine: Engine, key: LogKey, text: string): Promise<void> {
  const end = text.length > KEPT_CHARACTERS ? text.slice(text.indexOf('\n', text.length - KEPT_CHARACTERS) + 1) : text;
  if (end === '' || (await selectKeptLog(engine, key))?.text === end) return;
  await insertKeptLog(engine, key, end);
}
