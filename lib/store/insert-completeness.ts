/** What a source last said of a job's tasks and of what it leaves out (schema/ray-source.ts). */
import type { Completeness } from '../model/task.ts';
import type { Engine } from './engine.ts';

export interface ReportedCompleteness extends Omit<Completeness, 'stored'> {
  readonly session: string;
  readonly jobId: string;
}

/** Rejects with StoreError. */
export async function insertCompleteness(engine: Engine, completeness: readonly ReportedCompleteness[]): Promise<void> {
  if (completeness.length === 0) return;
  await engine.insert(
    'xray.ray_completeness',
    completeness.map((row) => ({
      session: row.session,
      job_id: row.jobId,
      source: row.source,
      reported: row.reported,
      dropped: row.dropped,
      truncated: row.truncated ? 1 : 0,
      reason: row.reason ?? '',
    })),
  );
}
