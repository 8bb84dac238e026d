/** Use case of one task: all its attempts with every state, phase and span. */
import type { TaskWire } from '../../contract/jobs.ts';
import { attemptsOfTask } from '../../store/queries/attempts.ts';
import { ALWAYS, phaseRows } from '../../store/queries/timeline/timeline.ts';
import { spansOfTask } from '../../store/queries/traces.ts';
import { ProblemError } from '../http/problem.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type JobQuery, resolveJob } from './jobs.ts';
import { attemptWire } from './tasks.ts';

interface StoredLogs {
  readonly stdoutFile: string;
  readonly stderrFile: string;
  readonly stdoutStart: number | null;
  readonly stdoutEnd: number | null;
  readonly stderrStart: number | null;
  readonly stderrEnd: number | null;
}

export async function getTask(runtime: Runtime, query: JobQuery & { readonly taskId: string }): Promise<TaskWire> {
  const job = await resolveJob(runtime, query);
  const which = { session: job.session, job: job.job_id, task: query.taskId };
  const [rows, phases, spans] = await Promise.all([
    runtime.engine.select(attemptsOfTask, which),
    runtime.engine.select(phaseRows, { ...which, ...ALWAYS, limit: 1000 }),
    runtime.engine.select(spansOfTask, { task: query.taskId }),
  ]);
  const first = rows[0];
  if (!first) throw new ProblemError('not-found', `job ${job.job_id} has no task "${query.taskId}"`);
  const functionName = first.function_name || first.task_function;
  const phasesOf = Map.groupBy(phases, (phase) => phase.attempt);
  const spanTimes = spans.map((span) => ({ span, start: BigInt(span.start_ns) }));
  const spansOfAttempt = (row: (typeof rows)[number]) => {
    if (row.start_ns === null || row.end_ns === null || rows.length === 1) return spanTimes;
    const [from, to] = [BigInt(row.created_ns ?? '0'), BigInt(row.end_ns)];
    return spanTimes.filter(({ start }) => start >= from && start <= to);
  };
  return {
    taskId: query.taskId,
    functionName,
    omitted: Math.max(0, first.all - rows.length),
    attempts: rows.map((row) => ({
      ...attemptWire({ ...row, function_name: row.function_name || functionName }),
      states: Object.entries(row.states)
        .map(([state, timeNs]) => ({ state, timeNs }))
        .sort((a, b) => (BigInt(a.timeNs) < BigInt(b.timeNs) ? -1 : 1)),
      requiredResources:
        row.required_resources === '' ? {} : (JSON.parse(row.required_resources) as Record<string, number>),
      placementGroupId: row.placement_group_id || null,
      callSite: row.call_site || null,
      logs: row.logs === '' ? null : (JSON.parse(row.logs) as StoredLogs),
      phases: (phasesOf.get(row.attempt) ?? []).map((phase) => ({
        name: phase.name,
        startNs: phase.start_ns,
        endNs: phase.end_ns,
      })),
      // A retry has a span of its own under the same task id: it belongs to the attempt that ran at that time.
      spans: spansOfAttempt(row).map(({ span }) => ({
        traceId: span.trace_id,
        spanId: span.span_id,
        name: span.name,
        startNs: span.start_ns,
        durationNs: span.duration_ns,
      })),
    })),
  };
}
