/**
 * Group commit: what arrives while the store is busy goes together into the next batch; what arrives in a quiet time waits
 * a tenth of a second for company, because an insert costs the same for one row as for thousands. A request resolves when
 * all its rows are in the store. Rows wait in pieces (row-lines.ts) in the order of fair-queue.ts, so that a large body
 * lets others pass.
 *
 *   request A  |..join..|--insert A,B--|
 *   request B      |.joi|--insert A,B--|
 *   request C                |..wait...|--insert C,D--|      after an insert nobody waits for company
 *   request D                   |.wait.|--insert C,D--|
 *
 * Rows that the store refuses to read are found by halving and set aside; nothing else of the batch is lost.
 */
import { errorSentence } from '../../schema/error-sentence.ts';
import { ownTurn } from '../../sources/http/event-loop-turns.ts';
import { type Engine, encodeRows } from '../../store/engine.ts';
import { ProblemError } from '../http/problem.ts';
import { createReadersFirst, type ReadersFirst } from '../store/readers-first.ts';
import { FairQueue, type Sender } from './fair-queue.ts';
import { rejectRows, type TableRows } from './parsed-body.ts';
import { closingError, leftError } from './parser-pool.ts';

const BATCH_ROWS = 50_000;
const BATCH_BYTES = 16 * 1024 ** 2;
/** Bytes that may wait, whatever their rows: a row can be large. */
const QUEUE_BYTES = 256 * 1024 ** 2;
/** Inserts spent on finding bad rows of one batch; what is still unread then is set aside whole. */
const SEARCH_INSERTS = 1000;
/** How long a quiet time's first rows wait for company, and after an insert of how long it is quiet. */
const JOIN_MS = 80;
const QUIET_MS = 100;
/** More rows than this are worth an insert of their own. */
const JOIN_ROWS = 5_000;
/** More than this take the cores for so long that questions go first. */
const LARGE_ROWS = 5_000;

/** A row that the store refused. */
export interface Lost {
  readonly table: string;
  readonly reason: string;
  readonly rows: number;
}

export interface AddOptions {
  readonly sender?: Sender;
  /** Fires when nobody waits for the answer any more: rows that are not being inserted yet are dropped. */
  readonly signal?: AbortSignal | null;
}

interface Waiting {
  pieces: number;
  readonly lost: Lost[];
  failed: boolean;
  readonly signal: AbortSignal | null;
  readonly resolve: (lost: readonly Lost[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Piece {
  readonly waiting: Waiting;
  readonly rows: TableRows;
  readonly sender: Sender;
  readonly cost: number;
}

export interface WriteQueue {
  /** Resolves when stored, with what had to be set aside. Rejects with ProblemError 429 when full, 503 when closing. */
  readonly add: (tables: readonly TableRows[], options?: AddOptions) => Promise<readonly Lost[]>;
  readonly waitingRows: () => number;
  /** The store's last words while it refuses everything; null when it takes rows. */
  readonly trouble: () => { readonly since: Date; readonly reason: string } | null;
  /** When the insert that goes on began, Unix ms; null where none does. */
  readonly writingSince: () => number | null;
  readonly close: () => Promise<void>;
}

const message = (error: unknown): string => errorSentence(error, 'the row');
const isBadRows = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'store-bad-rows';
const OWN: Sender = { address: '', name: '' };

/** Lines cut at the row nearest the middle. */
function halves(rows: TableRows): readonly [TableRows, TableRows] {
  const first = Math.floor(rows.count / 2);
  let end = 0;
  for (let line = 0; line < first; line++) end = rows.lines.indexOf(10, end) + 1;
  return [
    { table: rows.table, count: first, lines: rows.lines.subarray(0, end) },
    { table: rows.table, count: rows.count - first, lines: rows.lines.subarray(end) },
  ];
}

export function createWriteQueue(
  engine: Engine,
  queueRows: number,
  changed: (rows: number) => void,
  readers: Pick<ReadersFirst, 'pass'> = createReadersFirst(),
): WriteQueue {
  const queue = new FairQueue<Piece>();
  let waitingRows = 0;
  let waitingBytes = 0;
  let working: Promise<void> | null = null;
  let closed = false;
  let began: number | null = null;
  let ended = 0;
  let endJoin: (() => void) | null = null;
  let trouble: { readonly since: Date; readonly reason: string } | null = null;

  function release(pieces: readonly Piece[]): void {
    for (const { rows } of pieces) {
      waitingRows -= rows.count;
      waitingBytes -= rows.lines.byteLength;
    }
    changed(waitingRows);
  }

  function takeBatch(): Piece[] {
    const batch: Piece[] = [];
    const dropped: Piece[] = [];
    let [rows, bytes] = [0, 0];
    const fits = (piece: Piece): boolean =>
      batch.length === 0 || (rows + piece.rows.count <= BATCH_ROWS && bytes + piece.cost <= BATCH_BYTES);
    for (let next = queue.take(fits); next; next = queue.take(fits)) {
      const { waiting } = next;
      if (waiting.signal?.aborted && !waiting.failed) fail(waiting, leftError());
      if (waiting.failed) {
        dropped.push(next);
        continue;
      }
      batch.push(next);
      rows += next.rows.count;
      bytes += next.cost;
    }
    if (dropped.length > 0) release(dropped);
    return batch;
  }

  function fail(waiting: Waiting, error: unknown): void {
    if (waiting.failed) return;
    waiting.failed = true;
    waiting.reject(error);
  }

  /** Waits for company, unless there is enough, or an insert was just now, or X-Ray closes. */
  async function join(): Promise<void> {
    if (closed || waitingRows > JOIN_ROWS || performance.now() - ended < QUIET_MS) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, JOIN_MS);
      endJoin = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    endJoin = null;
  }

  async function drain(): Promise<void> {
    await join();
    while (queue.length > 0) {
      if (!closed && waitingRows > LARGE_ROWS) await readers.pass();
      const batch = takeBatch();
      if (batch.length === 0) continue;
      began = Date.now();
      try {
        await store(batch);
        trouble = null;
        for (const { waiting } of batch) {
          waiting.pieces -= 1;
          if (waiting.pieces === 0 && !waiting.failed) waiting.resolve(waiting.lost);
        }
      } catch (error) {
        trouble = { since: trouble?.since ?? new Date(), reason: message(error) };
        for (const { waiting } of batch) fail(waiting, error);
      }
      began = null;
      ended = performance.now();
      release(batch);
    }
    // In the same turn as the check above: a request that comes later starts a drain of its own.
    working = null;
  }

  async function store(batch: readonly Piece[]): Promise<void> {
    const tables = new Map<string, Piece[]>();
    for (const piece of batch) {
      const all = tables.get(piece.rows.table) ?? [];
      all.push(piece);
      tables.set(piece.rows.table, all);
    }
    // All, not the first failure: an insert that still runs must not overlap its own repetition.
    const done = await Promise.allSettled(
      [...tables].map(async ([table, pieces]) => {
        const count = pieces.reduce((sum, { rows }) => sum + rows.count, 0);
        const [only] = pieces;
        const lines =
          pieces.length === 1 && only ? only.rows.lines : Buffer.concat(pieces.map(({ rows }) => rows.lines));
        try {
          await engine.insert(table, { count, lines });
        } catch (error) {
          if (!isBadRows(error)) throw error;
          const budget = { inserts: SEARCH_INSERTS };
          for (const { waiting, rows } of pieces)
            for (const one of await insertWhatIsGood(rows, budget)) waiting.lost.push(one);
        }
      }),
    );
    for (const one of done) if (one.status === 'rejected') throw one.reason;
  }

  async function insertWhatIsGood(rows: TableRows, budget: { inserts: number }): Promise<Lost[]> {
    budget.inserts -= 1;
    try {
      await engine.insert(rows.table, rows);
      return [];
    } catch (error) {
      if (!isBadRows(error)) throw error;
      if (rows.count > 1 && budget.inserts > 0) {
        const [first, second] = halves(rows);
        return [...(await insertWhatIsGood(first, budget)), ...(await insertWhatIsGood(second, budget))];
      }
      const reason = message(error);
      const record = Buffer.from(rows.lines.subarray(0, 4000)).toString();
      for (const reject of rejectRows(rows.table, [{ position: 0, reason }], () => record))
        await engine.insert(reject.table, reject);
      return [{ table: rows.table, reason, rows: rows.count }];
    }
  }

  return {
    async add(tables, { sender = OWN, signal = null } = {}) {
      const count = tables.reduce((sum, rows) => sum + rows.count, 0);
      const bytes = tables.reduce((sum, rows) => sum + rows.lines.byteLength, 0);
      if (count === 0) return [];
      if (closed) throw closingError();
      if (waitingRows > 0 && (waitingRows + count > queueRows || waitingBytes + bytes > QUEUE_BYTES))
        throw new ProblemError(
          'overloaded',
          `${waitingRows} rows (${waitingBytes} bytes) wait to be stored, the limit is ${queueRows} rows or ${QUEUE_BYTES} bytes: send this again later`,
          { headers: { 'retry-after': '1' } },
        );
      waitingRows += count;
      waitingBytes += bytes;
      changed(waitingRows);
      return new Promise((resolve, reject) => {
        const pieces = tables.filter((rows) => rows.count > 0);
        const waiting: Waiting = { pieces: pieces.length, lost: [], failed: false, signal, resolve, reject };
        for (const rows of pieces) queue.push({ waiting, rows, sender, cost: rows.lines.byteLength });
        working ??= drain();
        if (waitingRows > JOIN_ROWS) endJoin?.();
      });
    },
    waitingRows: () => waitingRows,
    trouble: () => trouble,
    writingSince: () => began,
    async close() {
      closed = true;
      endJoin?.();
      while (working) await working;
    },
  };
}

/** Few enough that rows with long messages are no long turn either. */
const SLICE_ROWS = 16;

/** Rows made in this process (polling) as lines, a slice at a time, so that the event loop goes on between. */
export async function encodeInSlices(table: string, rows: readonly object[]): Promise<TableRows> {
  const parts: Uint8Array[] = [];
  for (let i = 0; i < rows.length; i += SLICE_ROWS) {
    await ownTurn();
    parts.push(encodeRows(rows.slice(i, i + SLICE_ROWS)).lines);
  }
  return { table, count: rows.length, lines: Buffer.concat(parts) };
}
