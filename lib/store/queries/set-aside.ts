/** What was received and set aside (lib/server/ingest/set-aside.ts), by what it is; most first. */
import { z } from 'zod';
import type { Query } from '../engine.ts';

export interface SetAsideRow {
  readonly what: string;
  /** One of those told; '' where the kind says it. */
  readonly reason: string;
  readonly records: number;
}

/** Parameters: door, session ('' for what is of none), days (0: of today alone). */
export const setAside: Query<SetAsideRow> = {
  name: 'set-aside',
  sql: `SELECT what, max(reason) AS reason, sum(records) AS records FROM xray.set_aside
    WHERE door IN ({doors:Array(String)}) AND session = {session:String} AND day >= today() - {days:UInt16}
    GROUP BY what ORDER BY records DESC, what LIMIT 50`,
  row: z.object({ what: z.string(), reason: z.string(), records: z.coerce.number() }),
};
