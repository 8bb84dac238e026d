/** What tells a hang from spans and attempts: how operations followed each other, when ranks were last heard of, and that they still run. */
import { z } from 'zod';
import type { Query } from '../engine.ts';
import { attemptsWhere } from './attempts.ts';
import { SPANS } from './collectives.ts';

export interface GapsRow {
  readonly comm: string;
  readonly last_ns: string;
  readonly median_ns: number;
  readonly longest_ns: number;
  readonly operations: number;
}

/** Ends of operations by communicator: the newest, and the gaps between them, ns. */
export const collectiveGaps: Query<GapsRow> = {
  name: 'collective-gaps',
  sql: `SELECT comm, toString(max(ended)) AS last_ns, quantileExactIf(0.5)(gap, before > 0) AS median_ns, maxIf(gap, before > 0) AS longest_ns, count() AS operations
    FROM (SELECT comm, ended, lagInFrame(ended, 1, 0) OVER (PARTITION BY comm ORDER BY ended ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before, ended - before AS gap
      FROM (SELECT comm, op, seq, max(end_ns) AS ended FROM ${SPANS} GROUP BY comm, op, seq))
    GROUP BY comm ORDER BY comm`,
  row: z.object({
    comm: z.string(),
    last_ns: z.string(),
    median_ns: z.coerce.number(),
    longest_ns: z.coerce.number(),
    operations: z.coerce.number(),
  }),
};

/** End of the last span of any kind, by GPU (hw.id) and by Ray's worker ('' where a span names none), in [from, to). */
export const lastSpans: Query<{ gpu_uuid: string; worker_id: string; last_ns: string }> = {
  name: 'last-spans',
  sql: `SELECT ResourceAttributes['hw.id'] AS gpu_uuid, SpanAttributes['ray.worker_id'] AS worker_id,
      toString(max(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration))) AS last_ns
    FROM xray.otel_traces WHERE Timestamp >= fromUnixTimestamp64Nano({from:Int64}) AND Timestamp < fromUnixTimestamp64Nano({to:Int64})
      AND ((gpu_uuid != '' AND gpu_uuid IN {gpus:Array(String)}) OR (worker_id != '' AND worker_id IN {workers:Array(String)}))
    GROUP BY gpu_uuid, worker_id`,
  row: z.object({ gpu_uuid: z.string(), worker_id: z.string(), last_ns: z.string() }),
};

/** Of these workers, those with an attempt that was running at {at:Int64}. */
export const workersThatRun: Query<{ worker_id: string; session: string }> = {
  name: 'workers-that-run',
  sql: `SELECT DISTINCT worker_id, session FROM ${attemptsWhere('(task_id, attempt) IN (SELECT task_id, attempt FROM xray.ray_task_attempts WHERE worker_id IN {workers:Array(String)})')}
    WHERE start_ns > 0 AND start_ns <= {at:Int64} AND (end_ns = 0 OR end_ns > {at:Int64}) AND worker_id IN {workers:Array(String)}`,
  row: z.object({ worker_id: z.string(), session: z.string() }),
};

/**
 * The newest sign of life of sessions up to {to:Int64}: a node that was seen alive, or an attempt that ended, as the sums of lanes know
 * it (a session may hold ten million attempts).
 */
export const sessionSigns: Query<{ session: string; last_ns: string }> = {
  name: 'session-signs',
  sql: `SELECT session, toString(max(at)) AS last_ns FROM (
      SELECT session, max(ifNull(seen_ns, 0)) AS at FROM xray.ray_nodes WHERE session IN {sessions:Array(String)} AND seen_ns <= {to:Int64} GROUP BY session
      UNION ALL SELECT session, max(least(last_ns, {to:Int64})) AS at FROM xray.timeline_lane_sums WHERE session IN {sessions:Array(String)} GROUP BY session)
    GROUP BY session`,
  row: z.object({ session: z.string(), last_ns: z.string() }),
};
