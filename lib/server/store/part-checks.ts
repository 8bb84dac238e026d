/** What to read of the store to compare its checksums: small tables whole, of larger ones part after part. */
import type { ActivePart } from '../../store/store-parts.ts';

/** Tables up to this size are read whole. */
const WHOLE_TABLE_BYTES = 64 * 1024 ** 2;

export interface PartCheck {
  readonly table: string;
  /** Null: all of the table. */
  readonly part: string | null;
}

export function partChecks(parts: readonly ActivePart[]): PartCheck[] {
  const tables = new Map<string, ActivePart[]>();
  for (const part of parts) {
    const list = tables.get(part.table);
    if (list) list.push(part);
    else tables.set(part.table, [part]);
  }
  return [...tables].flatMap(([table, list]): PartCheck[] =>
    list.reduce((sum, part) => sum + part.bytes, 0) <= WHOLE_TABLE_BYTES
      ? [{ table, part: null }]
      : list.map((part) => ({ table, part: part.name })),
  );
}
