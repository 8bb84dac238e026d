/**
 * JSONEachRow -> rows of a query. A hundred thousand rows take a second to parse and check, so the event loop goes on after every
 * few milliseconds of it; a small answer takes no turn more than before.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Query } from './engine.ts';

/** Bytes that are decoded together: about a millisecond of parsing. */
const CHUNK = 64 * 1024;
/** ms of parsing between two turns of the event loop. */
const TURN_MS = 8;
const NEWLINE = 10;

/** `bytes`: UTF-8, a row per line. Throws where a row does not fit the query's schema. */
export async function readRows<Row>(query: Query<Row>, bytes: Uint8Array): Promise<Row[]> {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows: Row[] = [];
  let began = performance.now();
  for (let from = 0; from < lines.length; ) {
    const newline = lines.indexOf(NEWLINE, from + CHUNK);
    const end = newline === -1 ? lines.length : newline;
    for (const line of lines.toString('utf8', from, end).split('\n'))
      if (line !== '') rows.push(query.row.parse(JSON.parse(line)));
    from = end + 1;
    if (from >= lines.length || performance.now() - began < TURN_MS) continue;
    await nextTurn();
    began = performance.now();
  }
  return rows;
}
