/**
 * A timeline file of Ray's, of any size. It is read twice: first for what belongs to every part of it (a name from its
 * content, so that importing it again changes nothing; format A's names of workers, which stand at its end; format B's
 * numbers of attempts), then to send it in parts that never cut a task in two.
 */
import { createHash } from 'node:crypto';
import type { XrayClient } from '../xray-client.ts';
import { emptyTally, NOTES_KEPT, reject, type Tally } from './deliver.ts';
import { PIECE_BYTES, parsePiece, sentOf } from './import-events.ts';
import { type JsonShape, jsonPieces } from './json-pieces.ts';
import { openBytes } from './open-bytes.ts';

/** Below X-Ray's own limits (256 MiB decompressed, 200,000 records). */
const REQUEST = { bytes: 64 * 1024 ** 2, records: 120_000 };

interface Survey {
  readonly session: string;
  readonly records: number;
  readonly bytes: number;
  /** Format A's process and thread names, as they stand in the file. */
  readonly names: readonly string[];
  /** Attempts by the start of the whole span, us, of tasks that have several (format B). */
  readonly retries: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

interface TimelineNames {
  readonly cluster: string | null;
  readonly session: string | null;
  readonly job: string | null;
}

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
/** Up to Ray 1.0 the category is `task` alone. */
const isWhole = (event: Fields): boolean =>
  typeof event.cat === 'string' && (event.cat.startsWith('task::') || event.cat === 'task');

/** us, also from text; null where it is neither. */
const timeOf = (ts: unknown): number | null => {
  const us = typeof ts === 'string' && /^\d/.test(ts) ? Number(ts) : ts;
  return typeof us === 'number' && Number.isFinite(us) ? us : null;
};

async function survey(path: string, shape: JsonShape): Promise<Survey> {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of openBytes(path)) {
      hash.update(chunk);
      bytes += chunk.byteLength;
      yield chunk;
    }
  }
  const names: string[] = [];
  const starts = new Map<string, number | number[]>();
  let records = 0;
  for await (const piece of jsonPieces(hashed(), shape, PIECE_BYTES)) {
    records += 1;
    if ('error' in piece) continue;
    const event = fieldsOf(parsePiece(piece, () => undefined));
    if (event.ph === 'M') names.push(piece.text);
    const task = fieldsOf(event.args).task_id;
    const us = timeOf(event.ts);
    if (typeof event.tid === 'string' && isWhole(event) && typeof task === 'string' && us !== null) {
      const known = starts.get(task);
      if (known === undefined) starts.set(task, us);
      else if (typeof known === 'number') starts.set(task, [known, us]);
      else known.push(us);
    }
  }
  const retries = new Map<string, ReadonlyMap<number, number>>();
  for (const [task, times] of starts)
    if (typeof times !== 'number')
      retries.set(task, new Map([...new Set(times)].sort((a, b) => a - b).map((us, attempt) => [us, attempt])));
  return { session: `imported:${hash.digest('hex').slice(0, 16)}`, records, bytes, names, retries };
}

/** True where a part may end before this event: format A at another attempt, format B after a whole span. */
function mayCut(before: Fields, event: Fields): boolean {
  if (typeof event.tid === 'string') return event.tid !== before.tid || isWhole(before);
  const [a, b] = [fieldsOf(before.args), fieldsOf(event.args)];
  return a.task_id !== b.task_id || a.attempt_number !== b.attempt_number;
}

function numbered(event: Fields, text: string, retries: Survey['retries']): string {
  const args = fieldsOf(event.args);
  const times = typeof args.task_id === 'string' && isWhole(event) ? retries.get(args.task_id) : undefined;
  const attempt = times?.get(timeOf(event.ts) ?? Number.NaN);
  return attempt === undefined ? text : JSON.stringify({ ...event, args: { ...args, attempt_number: attempt } });
}

export async function importTimeline(
  client: XrayClient,
  path: string,
  shape: JsonShape,
  names: TimelineNames,
  tally: Tally,
): Promise<void> {
  const file = await survey(path, shape);
  const isSplit = file.records > REQUEST.records || file.bytes > REQUEST.bytes;
  const query = new URLSearchParams({ session: names.session ?? file.session });
  if (names.cluster !== null) query.set('cluster', names.cluster);
  if (names.job !== null) query.set('job', names.job);

  let texts: string[] = [];
  let positions: number[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (texts.length === 0) return;
    // Names go with every part, behind its own records, so that positions stay those of the part.
    const extra = isSplit ? file.names : [];
    const body = Buffer.from(`[${[...texts, ...extra].join(',')}]`);
    const sent = sentOf(await client.post(`/v1/timeline?${query}`, body, 'application/json'));
    const at = (position: number): number => positions[position] ?? positions.at(-1) ?? 0;
    if ('refused' in sent) reject(tally, at(0), sent.refused, texts.length);
    else {
      const part = emptyTally();
      part.rejects = sent.rejects.map(({ position, reason }) => ({ position: at(position), reason }));
      tally.accepted += sent.accepted - extra.length;
      tally.ignored += sent.ignored;
      tally.rejected += sent.rejected - part.rejects.length;
      for (const { position, reason } of part.rejects) reject(tally, position, reason);
      for (const { position, reason } of sent.notes ?? [])
        if (tally.notes.length < NOTES_KEPT) tally.notes.push(`record ${at(position)}: ${reason}`);
    }
    texts = [];
    positions = [];
    bytes = 0;
  };

  let position = -1;
  let before: Fields = {};
  for await (const piece of jsonPieces(openBytes(path), shape, PIECE_BYTES)) {
    position += 1;
    if ('error' in piece) {
      reject(tally, position, `line ${piece.line}: ${piece.error}`);
      continue;
    }
    const parsed = parsePiece(piece, (reason) => reject(tally, position, reason));
    if (parsed === undefined) continue;
    const event = fieldsOf(parsed);
    if (isSplit && event.ph === 'M') {
      tally.accepted += 1;
      continue;
    }
    const isFull = texts.length >= REQUEST.records - file.names.length || bytes + piece.text.length > REQUEST.bytes;
    if (isFull && mayCut(before, event)) await flush();
    texts.push(isSplit ? numbered(event, piece.text, file.retries) : piece.text);
    positions.push(position);
    bytes += piece.text.length;
    before = event;
  }
  await flush();
}
