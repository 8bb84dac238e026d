/** Log text that X-Ray has read, kept so that it outlives the cluster. */
import { z } from 'zod';
import type { Engine, Query } from '../engine.ts';

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
