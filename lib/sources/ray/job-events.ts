/** Events of jobs' drivers. */
import type { JobPart } from '../../model/task.ts';
import { type Draft, required } from './event-draft.ts';
import {
  besideId,
  besideTimestamp,
  defined,
  type Fields,
  id,
  integer,
  list,
  nested,
  text,
  texts,
} from './event-fields.ts';

/** Namespaces of Ray's own drivers: the Jobs API's supervisor and the dashboard. */
const INTERNAL_NAMESPACE = /^_ray_internal|^SUPERVISOR_ACTOR_RAY_NAMESPACE$/;

export function job(session: string, body: Fields, into: Draft): void {
  const jobId = required(id(body, 'jobId'), 'jobId');
  const config = nested(body, 'config');
  if (config || text(body, 'entrypoint')) {
    const metadata = config && texts(config, 'metadata');
    const submissionId = metadata?.job_submission_id;
    const namespace = config && text(config, 'rayNamespace');
    into.jobs.push(
      defined<JobPart>({
        session,
        jobId,
        submissionId,
        type: submissionId ? 'SUBMISSION' : 'DRIVER',
        entrypoint: text(body, 'entrypoint'),
        metadata,
        driverNodeId: besideId(body, 'driverNodeId', into.note),
        driverPid: integer(body, 'driverPid'),
        runtimeEnv: config && text(config, 'serializedRuntimeEnv'),
        isInternal: namespace && INTERNAL_NAMESPACE.test(namespace) ? true : undefined,
      }),
    );
  }
  for (const transition of list(body, 'stateTransitions')) {
    const state = text(transition, 'state');
    const time = besideTimestamp(transition, 'timestamp', into.note);
    if (time === undefined) continue;
    into.jobs.push(
      defined<JobPart>({
        session,
        jobId,
        status: state === 'FINISHED' ? 'FINISHED' : 'RUNNING',
        statusTime: time,
        start: state === 'CREATED' ? time : undefined,
        end: state === 'FINISHED' ? time : undefined,
      }),
    );
  }
}
