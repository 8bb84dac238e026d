/** Log text that X-Ray has read, kept so that it outlives the cluster; of all logs together the newest are kept. */
import { z } from 'zod';
import type { Engine, Query } from '../engine.ts';
import type { ClockState } from '../store-state.ts';

/** Bytes of all kept logs together before compression; beyond, the oldest go. */
export const KEPT_LOGS_BYTES = 4 * 1024 ** 3;
/** Down to this share of it, so that the table is not written again for every log. */
const LEFT_OVER = 0.75;

/** What a log belongs to: a driver (taskId '') or one stream of one attempt. */
export interface LogKey {
  readonly session: string;
  readonly jobId: string;
  readonly taskId?: string;
  readonly attempt?: number;
  readonly stream?: 'out' | 'err';
}

const keyText = (key: LogKey): string =>
  key.taskId ? `${key.jobId}/${key.taskId}/${key.attempt ?? 0}/${key.stream ?? 'out'}` : key.jobId;

const keptLog: Query<{ text: string; stored: string }> = {
  name: 'kept-log',
  sql: `SELECT text, toString(stored) AS stored FROM xray.kept_logs
    WHERE session = {session:String} AND job_id = {job:String} ORDER BY kept_logs.stored DESC LIMIT 1`,
  row: z.object({ text: z.string(), stored: z.string() }),
};

/** The newest kept text, and when it was kept (UTC); null where none was. */
export async function selectKeptLog(
  engine: Engine,
  key: LogKey,
): Promise<{ readonly text: string; readonly stored: string } | null> {
  return (await engine.select(keptLog, { session: key.session, job: keyText(key) }))[0] ?? null;
}

export async function insertKeptLog(engine: Engine, key: LogKey, text: string): Promise<void> {
  await engine.insert('xray.kept_logs', [{ session: key.session, job_id: keyText(key), text }]);
}

/** Cheap, and never too small: texts that a merge has yet to replace count, too. */
const storedBytes: Query<{ bytes: number }> = {
  name: 'kept-logs-bytes',
  sql: `SELECT sum(data_uncompressed_bytes) AS bytes FROM system.parts WHERE active AND database = 'xray' AND table = 'kept_logs'`,
  row: z.object({ bytes: z.coerce.number() }),
};

/**
 * Deletes the logs that were stored first where all together are larger than `most` bytes, and returns how many. What was stored
 * while the system's clock was behind (`behind`, Unix ms) only seems old: it counts as new.
 */
export async function boundKeptLogs(
  engine: Engine,
  behind: ClockState['behindPeriods'],
  most = KEPT_LOGS_BYTES,
): Promise<number> {
  if (((await engine.select(storedBytes))[0]?.bytes ?? 0) <= most) return 0;
  const wrong = behind.map(
    ({ from, to }) => `toUnixTimestamp64Milli(stored) BETWEEN ${Math.floor(from)} AND ${Math.ceil(to)}`,
  );
  const isWrong = wrong.length === 0 ? 'false' : `(${wrong.join(' OR ')})`;
  const beyond: Query<{ rows: number; last: number }> = {
    name: 'kept-logs-beyond',
    sql: `SELECT count() AS rows, max(toUnixTimestamp64Milli(stored)) AS last FROM (
        SELECT stored, sum(bytes) OVER (ORDER BY ${isWrong} DESC, stored DESC ROWS UNBOUNDED PRECEDING) AS so_far
        FROM xray.kept_logs
      ) WHERE so_far > {most:UInt64} AND NOT ${isWrong}`,
    row: z.object({ rows: z.coerce.number(), last: z.coerce.number() }),
  };
  const [found] = await engine.select(beyond, { most: Math.floor(most * LEFT_OVER) }, { timeoutMs: 60_000 });
  if ((found?.rows ?? 0) === 0) return 0;
  await engine.command(
    `ALTER TABLE xray.kept_logs DELETE WHERE toUnixTimestamp64Milli(stored) <= ${found?.last} AND NOT ${isWrong}`,
  );
  return found?.rows ?? 0;
}
