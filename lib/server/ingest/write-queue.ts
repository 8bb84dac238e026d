/**
 * Group commit: what arrives while the store is idle is inserted at once; what arrives meanwhile goes together into the
 * next batch. A request resolves when all its rows are in the store.
 *
 *   request A  |--insert A--|
 *   request B     |..wait..|--insert B,C--|
 *   request C        |.wait|--insert B,C--|
 *
 * Rows that the store refuses to read are found by halving and set aside; nothing else of the batch is lost.
 */
import { type Engine, encodeRows } from '../../store/engine.ts';
import { ProblemError } from '../problem.ts';
import { rejectRows, type TableRows } from './parse-body.ts';

const BATCH_ROWS = 50_000;
const BATCH_BYTES = 64 * 1024 ** 2;
/** Bytes that may wait, whatever their rows: a row can be large. */
const QUEUE_BYTES = 512 * 1024 ** 2;
/** Inserts spent on finding bad rows of one batch; what is still unread then is set aside whole. */
const SEARCH_INSERTS = 1000;

/** A row that the store refused. */
export interface Lost {
  readonly table: string;
  readonly reason: string;
  readonly rows: number;
}

interface Waiting {
  readonly tables: readonly TableRows[];
  readonly count: number;
  readonly bytes: number;
  readonly resolve: (lost: readonly Lost[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface WriteQueue {
  /** Resolves when stored, with what had to be set aside. Throws ProblemError 429 when full, 503 when closing. */
  readonly add: (tables: readonly TableRows[]) => Promise<readonly Lost[]>;
  readonly waitingRows: () => number;
  /** The store's last words while it refuses everything; null when it takes rows. */
  readonly trouble: () => { readonly since: Date; readonly reason: string } | null;
  /** When the insert that goes on began, Unix ms; null where none does. */
  readonly writingSince: () => number | null;
  readonly close: () => Promise<void>;
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const isBadRows = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'store-bad-rows';

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

export function createWriteQueue(engine: Engine, queueRows: number, changed: (rows: number) => void): WriteQueue {
  const queue: Waiting[] = [];
  let waitingRows = 0;
  let waitingBytes = 0;
  let working: Promise<void> | null = null;
  let closed = false;
  let began: number | null = null;
  let trouble: { readonly since: Date; readonly reason: string } | null = null;

  function takeBatch(): Waiting[] {
    const batch: Waiting[] = [];
    let [rows, bytes] = [0, 0];
    for (let next = queue[0]; next; next = queue[0]) {
      if (batch.length > 0 && (rows + next.count > BATCH_ROWS || bytes + next.bytes > BATCH_BYTES)) break;
      queue.shift();
      batch.push(next);
      rows += next.count;
      bytes += next.bytes;
    }
    return batch;
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      const batch = takeBatch();
      began = Date.now();
      try {
        const lost = await store(batch);
        trouble = null;
        for (const waiting of batch) waiting.resolve(lost.get(waiting) ?? []);
      } catch (error) {
        trouble = { since: trouble?.since ?? new Date(), reason: words(error) };
        for (const waiting of batch) waiting.reject(error);
      }
      began = null;
      waitingRows -= batch.reduce((sum, waiting) => sum + waiting.count, 0);
      waitingBytes -= batch.reduce((sum, waiting) => sum + waiting.bytes, 0);
      changed(waitingRows);
    }
    // In the same turn as the check above: a request that comes later starts a drain of its own.
    working = null;
  }

  async function store(batch: readonly Waiting[]): Promise<ReadonlyMap<Waiting, readonly Lost[]>> {
    const tables = new Map<string, { waiting: Waiting; rows: TableRows }[]>();
    for (const waiting of batch)
      for (const rows of waiting.tables) {
        const all = tables.get(rows.table) ?? [];
        all.push({ waiting, rows });
        tables.set(rows.table, all);
      }
    const lost = new Map<Waiting, Lost[]>();
    // All, not the first failure: an insert that still runs must not overlap its own repetition.
    const done = await Promise.allSettled(
      [...tables].map(async ([table, parts]) => {
        const count = parts.reduce((sum, part) => sum + part.rows.count, 0);
        const [only] = parts;
        const lines =
          parts.length === 1 && only ? only.rows.lines : Buffer.concat(parts.map((part) => part.rows.lines));
        try {
          await engine.insert(table, { count, lines });
        } catch (error) {
          if (!isBadRows(error)) throw error;
          const budget = { inserts: SEARCH_INSERTS };
          for (const { waiting, rows } of parts)
            for (const one of await insertWhatIsGood(rows, budget)) {
              const all = lost.get(waiting) ?? [];
              all.push(one);
              lost.set(waiting, all);
            }
        }
      }),
    );
    for (const one of done) if (one.status === 'rejected') throw one.reason;
    return lost;
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
      const reason = words(error);
      const record = Buffer.from(rows.lines.subarray(0, 4000)).toString();
      for (const reject of rejectRows(rows.table, [{ position: 0, reason }], () => record))
        await engine.insert(reject.table, reject);
      return [{ table: rows.table, reason, rows: rows.count }];
    }
  }

  return {
    async add(tables) {
      const count = tables.reduce((sum, rows) => sum + rows.count, 0);
      const bytes = tables.reduce((sum, rows) => sum + rows.lines.byteLength, 0);
      if (count === 0) return [];
      if (closed)
        throw new ProblemError('source-down', 'X-Ray is shutting down: send this again later', {
          headers: { 'retry-after': '5' },
        });
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
        queue.push({ tables, count, bytes, resolve, reject });
        working ??= drain();
      });
    },
    waitingRows: () => waitingRows,
    trouble: () => trouble,
    writingSince: () => began,
    async close() {
      closed = true;
      while (working) await working;
    },
  };
}

const SLICE_ROWS = 500;

/** Rows made in this process (polling) as lines, a slice at a time, so that the event loop goes on between. */
export async function encodeInSlices(table: string, rows: readonly object[]): Promise<TableRows> {
  const parts: Uint8Array[] = [];
  for (let i = 0; i < rows.length; i += SLICE_ROWS) {
    if (i > 0) await new Promise((resolve) => setImmediate(resolve));
    parts.push(encodeRows(rows.slice(i, i + SLICE_ROWS)).lines);
  }
  return { table, count: rows.length, lines: Buffer.concat(parts) };
}
