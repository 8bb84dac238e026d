/** Rows of one body as lines for the store, in pieces that are inserted, and moved between threads, each by itself. */
import { encodeRows } from '../../store/engine.ts';
import type { ParseBudget } from './parse-budget.ts';
import type { TableRows } from './parsed-body.ts';

const SLICE_ROWS = 500;
/** A piece is some 0.2 s of inserting, so that the pieces of a large body let others pass. */
const PIECE_BYTES = 4 * 1024 ** 2;

interface Piece {
  parts: Uint8Array[];
  count: number;
  bytes: number;
}

export class RowLines {
  private readonly budget: ParseBudget;
  private readonly open = new Map<string, Piece>();
  private readonly done: TableRows[] = [];

  constructor(budget: ParseBudget) {
    this.budget = budget;
  }

  /** `together`: rows that are encoded before the budget is looked at, less where they are large. Throws ProblemError 413. */
  add(table: string, rows: readonly object[], together = SLICE_ROWS): void {
    for (let i = 0; i < rows.length; i += together) {
      const { count, lines } = encodeRows(rows.length > together ? rows.slice(i, i + together) : rows);
      this.budget.write(lines.byteLength);
      const piece = this.open.get(table) ?? { parts: [], count: 0, bytes: 0 };
      this.open.set(table, piece);
      piece.parts.push(lines);
      piece.count += count;
      piece.bytes += lines.byteLength;
      if (piece.bytes >= PIECE_BYTES) this.close(table, piece);
    }
  }

  private close(table: string, { parts, count, bytes }: Piece): void {
    this.open.delete(table);
    // Memory of its own, which Buffer.concat does not promise: it is moved between threads.
    const lines = new Uint8Array(bytes);
    let at = 0;
    for (const part of parts) {
      lines.set(part, at);
      at += part.byteLength;
    }
    this.done.push({ table, count, lines });
  }

  /** Everything that was added. */
  take(): readonly TableRows[] {
    for (const [table, piece] of this.open) this.close(table, piece);
    return this.done;
  }
}
