/**
 * Ray's event export (POST of an array of RayEvent) to the model: the event types of 2.49 to 2.60. Those that say nothing X-Ray keeps are
 * counted by name. A record that cannot be read is rejected alone, with its position; what stands beside what it says never costs it.
 *
 *   2.49   TASK_DEFINITION, TASK_EXECUTION, ACTOR_TASK_DEFINITION, TASK_PROFILE
 *   2.50   + DRIVER_JOB, NODE, ACTOR (each DEFINITION and LIFECYCLE)
 *   2.51   TASK_LIFECYCLE in place of TASK_EXECUTION
 *   2.55   + PLACEMENT_GROUP, SUBMISSION_JOB (each DEFINITION and LIFECYCLE), PLATFORM
 *   2.58   + WORKER (DEFINITION and LIFECYCLE); the same in 2.59 and 2.60
 */
import type { RayFacts } from '../../model/task.ts';
import { type Nanoseconds, nanosecondsToMilliseconds } from '../../model/units.ts';
import { errorSentence } from '../../schema/error-sentence.ts';
import { actor, node, worker } from './cluster-events.ts';
import { type Draft, required } from './event-draft.ts';
import { besideId, type Fields, isFields, nested, text, timestamp } from './event-fields.ts';
import { job } from './job-events.ts';
import { definition, lifecycle, profile } from './task-events.ts';

interface Reported {
  readonly position: number;
  readonly reason: string;
}

export interface RejectedRecord extends Reported {
  /** '' where the record does not say it. */
  readonly session: string;
}

export interface DecodedRay {
  readonly facts: RayFacts;
  /** Valid records that say nothing X-Ray keeps, by session and event type. */
  readonly ignored: readonly { readonly session: string; readonly type: string; readonly records: number }[];
  readonly rejects: readonly RejectedRecord[];
  /** Records that were kept without something that could not be read. */
  readonly notes: readonly Reported[];
}

/** Sessions name clusters that have no other name, so they stand in addresses. */
const SESSION = /^[^/\\\p{Cc}]{1,500}$/u;

function sessionOf(record: Fields): string {
  const session = required(text(record, 'sessionName'), 'sessionName');
  if (!SESSION.test(session) || session === '.' || session === '..')
    throw new Error(
      `sessionName is ${JSON.stringify(session.slice(0, 60))}, expected up to 500 characters without slashes and control characters`,
    );
  return session;
}

/**
 * One request body of the event export.
 * `cluster`: the name given with the request, or null (then the session is its own cluster).
 */
export function decodeRayEvents(records: readonly unknown[], cluster: string | null): DecodedRay {
  const notes: Reported[] = [];
  let at = 0;
  const into: Draft = {
    attempts: [],
    profileSpans: [],
    nodes: [],
    actors: [],
    workers: [],
    jobs: [],
    kills: [],
    sightings: [],
    note: (reason) => notes.push({ position: at, reason }),
  };
  // Maps: the type is text from outside, `__proto__` too.
  const ignored = new Map<string, Map<string, number>>();
  const rejects: RejectedRecord[] = [];
  const newest = new Map<string, Nanoseconds>();
  records.forEach((record, position) => {
    at = position;
    let session = '';
    try {
      if (!isFields(record)) throw new Error('the record is not an object');
      const type = required(text(record, 'eventType'), 'eventType');
      session = sessionOf(record);
      const time = required(timestamp(record, 'timestamp'), 'timestamp');
      if (time > (newest.get(session) ?? 0n)) newest.set(session, time);
      if (decodeOne(type, session, time, record, into)) return;
      const types = ignored.get(session) ?? new Map<string, number>();
      ignored.set(session, types);
      types.set(type, (types.get(type) ?? 0) + 1);
    } catch (error) {
      rejects.push({ position, session, reason: errorSentence(error, 'the record') });
    }
  });
  for (const [session, time] of newest)
    into.sightings.push({
      session,
      cluster: cluster ?? '',
      rayVersion: null,
      seen: nanosecondsToMilliseconds(time),
      source: 'events',
    });
  const { note: _, ...facts } = into;
  const unused = [...ignored].flatMap(([session, types]) =>
    [...types].map(([type, records]) => ({ session, type, records })),
  );
  return { facts, ignored: unused, rejects, notes };
}

/** False where the type says nothing X-Ray keeps. Throws where the record lacks what its type promises. */
function decodeOne(type: string, session: string, time: Nanoseconds, record: Fields, into: Draft): boolean {
  const body = (name: string): Fields => required(nested(record, name), name);
  switch (type) {
    case 'TASK_DEFINITION_EVENT':
      definition(session, body('taskDefinitionEvent'), false, into);
      return true;
    case 'ACTOR_TASK_DEFINITION_EVENT':
      definition(session, body('actorTaskDefinitionEvent'), true, into);
      return true;
    // Under this name in 2.49 and 2.50.
    case 'TASK_EXECUTION_EVENT':
      lifecycle(session, body('taskExecutionEvent'), into);
      return true;
    case 'TASK_LIFECYCLE_EVENT':
      lifecycle(session, body('taskLifecycleEvent'), into);
      return true;
    case 'TASK_PROFILE_EVENT':
      profile(session, body('taskProfileEvents'), into);
      return true;
    case 'NODE_DEFINITION_EVENT':
      node(session, body('nodeDefinitionEvent'), time, into);
      return true;
    case 'NODE_LIFECYCLE_EVENT':
      node(session, body('nodeLifecycleEvent'), time, into);
      return true;
    case 'ACTOR_DEFINITION_EVENT':
      actor(session, body('actorDefinitionEvent'), into);
      return true;
    case 'ACTOR_LIFECYCLE_EVENT':
      actor(session, body('actorLifecycleEvent'), into);
      return true;
    case 'WORKER_DEFINITION_EVENT':
      worker(session, body('workerDefinitionEvent'), time, undefined, into);
      return true;
    case 'WORKER_LIFECYCLE_EVENT':
      worker(session, body('workerLifecycleEvent'), time, besideId(record, 'nodeId', into.note), into);
      return true;
    case 'DRIVER_JOB_DEFINITION_EVENT':
      job(session, body('driverJobDefinitionEvent'), into);
      return true;
    case 'DRIVER_JOB_LIFECYCLE_EVENT':
      job(session, body('driverJobLifecycleEvent'), into);
      return true;
    default:
      return false;
  }
}
