/** Nodes, actors and workers of the State API and jobs of the Jobs API to the model. */
import type { z } from 'zod';
import type { ActorPart, JobPart, NodePart, WorkerPart } from '../../model/task.ts';
import type { Nanoseconds } from '../../model/units.ts';
import { defined } from './event-fields.ts';
import { amountsOf, idOf, numberOf, pidOf, textOf, timestampOfMs } from './state-values.ts';
import type { Actor, Job, Node, WorkerWire } from './wire.ts';

/** `seen`: when it was asked. Two raylets may share one IP: only node_id tells them apart. */
export function decodeNode(session: string, row: z.infer<typeof Node>, seen: Nanoseconds): NodePart {
  const resources = amountsOf(row.resources_total);
  const state = row.state === 'ALIVE' || row.state === 'DEAD' ? row.state : undefined;
  return defined<NodePart>({
    session,
    nodeId: row.node_id,
    ip: textOf(row.node_ip),
    name: textOf(row.node_name),
    isHead: row.is_head_node ?? undefined,
    state,
    resources,
    labels: row.labels ?? undefined,
    start: timestampOfMs(row.start_time_ms),
    end: timestampOfMs(row.end_time_ms),
    deathReason: state === 'DEAD' ? textOf(row.state_message) : undefined,
    seen,
  });
}

/** The State API gives no time of an actor's state: it is when X-Ray first saw it. */
export function decodeActor(session: string, row: z.infer<typeof Actor>, seen: Nanoseconds): ActorPart {
  return defined<ActorPart>({
    session,
    // The last four bytes of an actor id are its job's id.
    jobId: textOf(row.job_id) ?? row.actor_id.slice(-8),
    actorId: row.actor_id,
    className: textOf(row.class_name),
    name: textOf(row.name),
    namespace: textOf(row.ray_namespace),
    isDetached: row.is_detached ?? undefined,
    placementGroupId: idOf(row.placement_group_id),
    requiredResources: amountsOf(row.required_resources),
    state: textOf(row.state),
    stateTime: seen,
    nodeId: idOf(row.node_id),
    pid: pidOf(row.pid),
    restarts: numberOf(row.num_restarts),
    deathCause: row.death_cause ? JSON.stringify(row.death_cause) : undefined,
  });
}

export function decodeWorker(session: string, row: WorkerWire): WorkerPart {
  return defined<WorkerPart>({
    session,
    workerId: row.worker_id,
    nodeId: idOf(row.node_id),
    pid: pidOf(row.pid),
    type: textOf(row.worker_type),
    start: timestampOfMs(row.start_time_ms),
    end: timestampOfMs(row.end_time_ms),
    exitType: textOf(row.exit_type),
    exitDetail: textOf(row.exit_detail),
  });
}

export const JOB_ENDS: ReadonlySet<string> = new Set(['SUCCEEDED', 'FAILED', 'STOPPED']);

/**
 * A job of /api/jobs/. Until a submission has a driver it has no job id: its submission id stands in, and the store
 * drops the stand-in when the real one is known.
 */
export function decodeJob(session: string, row: z.infer<typeof Job>, seen: Nanoseconds): JobPart | null {
  const jobId = textOf(row.job_id) ?? textOf(row.submission_id);
  if (jobId === undefined) return null;
  const end = timestampOfMs(row.end_time);
  const status = textOf(row.status);
  return defined<JobPart>({
    session,
    jobId,
    submissionId: textOf(row.submission_id),
    type: row.submission_id ? 'SUBMISSION' : 'DRIVER',
    status,
    statusTime: end ?? seen,
    entrypoint: textOf(row.entrypoint),
    message: status && JOB_ENDS.has(status) ? textOf(row.message) : undefined,
    errorType: textOf(row.error_type),
    start: timestampOfMs(row.start_time),
    end,
    metadata: row.metadata && Object.keys(row.metadata).length > 0 ? row.metadata : undefined,
    driverNodeId: idOf(row.driver_node_id),
    driverPid: pidOf(row.driver_info?.pid),
    driverExitCode: numberOf(row.driver_exit_code),
    runtimeEnv:
      typeof row.runtime_env === 'object' && row.runtime_env !== null && Object.keys(row.runtime_env).length > 0
        ? JSON.stringify(row.runtime_env)
        : undefined,
  });
}
