/** Use cases of task attempts: summary per function, pages, one task with its chain, what ran there then. */
import { type AttemptLocation, attemptCursorOf } from '../../contract/cursors.ts';
import type { AttemptWireValue, RanThenWire, TasksSummaryWire, TasksWire } from '../../contract/jobs.ts';
import { withoutAnsi } from '../../model/without-ansi.ts';
import {
  type AttemptRowValue,
  attemptsRanThen,
  tasksMatched,
  tasksPage,
  tasksSummary,
} from '../../store/queries/attempts.ts';
import { sessionClusters } from '../../store/queries/sessions.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { completenessOf, type JobQuery, resolveJob } from './jobs.ts';

export function attemptWire(row: AttemptRowValue): AttemptWireValue {
  return {
    taskId: row.task_id,
    attempt: row.attempt,
    functionName: row.function_name,
    name: row.qualified_name,
    type: row.type,
    state: row.state,
    errorType: row.error_type,
    errorMessage: row.error_message === null ? null : withoutAnsi(row.error_message),
    nodeId: row.node_id,
    workerId: row.worker_id,
    workerPid: row.worker_pid,
    actorId: row.actor_id,
    parentTaskId: row.parent_task_id,
    createdNs: row.created_ns,
    startNs: row.start_ns,
    endNs: row.end_ns,
    durationNs:
      row.start_ns !== null && row.end_ns !== null ? (BigInt(row.end_ns) - BigInt(row.start_ns)).toString() : null,
  };
}

const counts = (map: Readonly<Record<string, string>>): Record<string, number> =>
  Object.fromEntries(Object.entries(map).map(([key, count]) => [key, Number(count)]));

export async function summariseTasks(runtime: Runtime, query: JobQuery): Promise<TasksSummaryWire> {
  const job = await resolveJob(runtime, query);
  const rows = await runtime.engine.select(tasksSummary, { session: job.session, job: job.job_id });
  return {
    functions: rows.map((row) => ({
      name: row.name,
      tasks: row.tasks,
      attempts: row.attempts,
      ran: row.ran,
      retries: row.retries,
      byState: counts(row.states),
      errors: counts(row.errors),
      durationNs: row.timed > 0 ? { p50: row.p50, p95: row.p95, max: row.longest } : null,
      declaredNames:
        row.names > 0 ? { count: row.names, most: row.declared.map(([name, attempts]) => ({ name, attempts })) } : null,
    })),
    omitted: Math.max(0, (rows[0]?.all ?? 0) - rows.length),
    completeness: await completenessOf(runtime, job),
  };
}

interface TasksQuery extends JobQuery {
  readonly function?: string | undefined;
  readonly state?: string | undefined;
  readonly node?: string | undefined;
  readonly worker?: string | undefined;
  readonly limit: number;
  readonly cursor?: AttemptLocation | undefined;
}

const FIRST_PAGE: AttemptLocation = { afterNs: 0n, afterAttempt: 0, after: '' };

export async function listTasks(runtime: Runtime, query: TasksQuery): Promise<TasksWire> {
  const job = await resolveJob(runtime, query);
  const filters = {
    session: job.session,
    job: job.job_id,
    function: query.function ?? '',
    state: query.state ?? '',
    node: query.node ?? '',
    worker: query.worker ?? '',
  };
  const [rows, [matched]] = await Promise.all([
    runtime.engine.select(tasksPage, { ...filters, ...(query.cursor ?? FIRST_PAGE), limit: query.limit }),
    runtime.engine.select(tasksMatched, filters),
  ]);
  const last = rows.at(-1);
  return {
    tasks: rows.map(attemptWire),
    matched: matched?.matched ?? 0,
    nextCursor:
      last && rows.length === query.limit ? attemptCursorOf(last.created_ns ?? '0', last.attempt, last.task_id) : null,
    completeness: await completenessOf(runtime, job),
  };
}

interface RanThenQuery {
  readonly cluster?: string | undefined;
  readonly session?: string | undefined;
  readonly node?: string | undefined;
  readonly worker?: string | undefined;
  readonly function?: string | undefined;
  readonly from: bigint;
  readonly to: bigint;
  readonly limit: number;
}

export async function listRanThen(runtime: Runtime, query: RanThenQuery): Promise<RanThenWire> {
  const rows = await runtime.engine.select(attemptsRanThen, {
    session: query.session ?? '',
    cluster: query.cluster ?? '',
    node: query.node ?? '',
    worker: query.worker ?? '',
    function: query.function ?? '',
    from: query.from,
    to: query.to,
    limit: query.limit,
  });
  const clusters = await sessionClusters(runtime.engine, [...new Set(rows.map((row) => row.session))]);
  return {
    rows: rows.map((row) => ({
      ...attemptWire(row),
      cluster: clusters.get(row.session) ?? row.session,
      session: row.session,
      jobId: row.job_id,
    })),
    matched: rows[0]?.matched ?? 0,
  };
}
