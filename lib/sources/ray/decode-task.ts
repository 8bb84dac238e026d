/**
 * A row of /api/v0/tasks (one per attempt) to the model. Its state times are cut to whole milliseconds by Ray; the list
 * is in the order of the enum, not of time, and says nothing of driver tasks and of restarts of actors.
 */
import { type AttemptPart, type ProfileSpan, TASK_STATES, type TaskState, type TaskType } from '../../model/task.ts';
import type { Nanoseconds } from '../../model/units.ts';
import { defined } from './event-fields.ts';
import { amountsOf, idOf, pidOf, textOf, timestampOfMs } from './state-values.ts';
import type { TaskWire } from './wire.ts';

const STATES: ReadonlySet<string> = new Set(TASK_STATES);
const isState = (value: string): value is TaskState => STATES.has(value);

export function decodeTask(session: string, row: TaskWire): AttemptPart {
  const stateTimes: Partial<Record<TaskState, Nanoseconds>> = {};
  for (const event of row.events ?? []) {
    const time = timestampOfMs(event.created_ms);
    if (isState(event.state) && time !== undefined) stateTimes[event.state] = time;
  }
  const logs = row.task_log_info;
  return defined<AttemptPart>({
    session,
    jobId: row.job_id,
    taskId: row.task_id,
    attempt: row.attempt_number,
    source: 'state-api',
    type: textOf(row.type) as TaskType | undefined,
    functionName: textOf(row.func_or_class_name),
    name: textOf(row.name),
    actorId: idOf(row.actor_id),
    parentTaskId: idOf(row.parent_task_id),
    placementGroupId: idOf(row.placement_group_id),
    language: textOf(row.language),
    requiredResources: amountsOf(row.required_resources),
    runtimeEnv: textOf(row.runtime_env_info?.serialized_runtime_env),
    callSite: textOf(row.call_site),
    nodeId: idOf(row.node_id),
    workerId: idOf(row.worker_id),
    workerPid: pidOf(row.worker_pid),
    stateTimes,
    errorType: textOf(row.error_type),
    errorMessage: textOf(row.error_message),
    logs:
      logs && (logs.stdout_file || logs.stderr_file)
        ? {
            stdoutFile: logs.stdout_file ?? '',
            stderrFile: logs.stderr_file ?? '',
            stdoutStart: logs.stdout_start ?? null,
            stdoutEnd: logs.stdout_end ?? null,
            stderrStart: logs.stderr_start ?? null,
            stderrEnd: logs.stderr_end ?? null,
          }
        : undefined,
  });
}

/** Phases inside the attempt; float64 ms keeps about 0.25 us. */
export function decodeTaskProfile(session: string, row: TaskWire): ProfileSpan[] {
  const data = row.profiling_data;
  const spans: ProfileSpan[] = [];
  for (const event of data?.events ?? []) {
    const [start, end] = [timestampOfMs(event.start_time), timestampOfMs(event.end_time)];
    if (start === undefined || end === undefined) continue;
    spans.push({
      session,
      jobId: row.job_id,
      taskId: row.task_id,
      attempt: row.attempt_number,
      componentType: data?.component_type ?? '',
      workerId: data?.component_id ?? '',
      nodeIp: data?.node_ip_address ?? '',
      name: event.event_name,
      start,
      end,
      source: 'state-api',
      extra: event.extra_data === undefined || event.extra_data === null ? '' : JSON.stringify(event.extra_data),
    });
  }
  return spans;
}

/** Changes whenever the row says something new: a row that says the same again need not be stored. */
export const taskSignature = (row: TaskWire): string =>
  [
    row.events?.length ?? 0,
    row.error_type ?? '',
    row.node_id ? 1 : 0,
    row.worker_pid ?? '',
    row.profiling_data?.events?.length ?? 0,
    row.task_log_info?.stdout_end ?? '',
    row.task_log_info?.stderr_end ?? '',
  ].join('/');
