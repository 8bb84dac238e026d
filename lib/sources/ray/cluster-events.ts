/** Events of nodes, actors and workers. Each is told by a definition and by transitions of its state. */
import type { ActorPart, NodePart, WorkerPart } from '../../model/task.ts';
import { bytes, type Nanoseconds } from '../../model/units.ts';
import { type Draft, required } from './event-draft.ts';
import {
  besideId,
  besideTimestamp,
  besideTimestampMs,
  defined,
  type Fields,
  field,
  id,
  integer,
  list,
  nested,
  numbers,
  text,
  texts,
} from './event-fields.ts';
import { oomKillsOfActor, oomKillsOfWorker, oomMessageOfDeathCause } from './oom-kills.ts';

export function node(session: string, body: Fields, seen: Nanoseconds, into: Draft): void {
  const nodeId = required(id(body, 'nodeId'), 'nodeId');
  const base = { session, nodeId, seen };
  const transitions = list(body, 'stateTransitions');
  if (transitions.length === 0)
    into.nodes.push(
      defined<NodePart>({
        ...base,
        ip: text(body, 'nodeIpAddress'),
        name: text(body, 'nodeName'),
        hostname: text(body, 'hostname'),
        labels: texts(body, 'labels'),
        start: besideTimestamp(body, 'startTimestamp', into.note),
      }),
    );
  for (const transition of transitions) {
    const resources = numbers(transition, 'resources');
    const dead = text(transition, 'state') === 'DEAD';
    const death = nested(transition, 'deathInfo');
    into.nodes.push(
      defined<NodePart>({
        ...base,
        state: dead ? 'DEAD' : 'ALIVE',
        resources,
        isHead: resources ? 'node:__internal_head__' in resources : undefined,
        end: dead ? besideTimestamp(transition, 'timestamp', into.note) : undefined,
        deathReason: death && (text(death, 'reasonMessage') ?? text(death, 'reason')),
      }),
    );
  }
}

export function actor(session: string, body: Fields, into: Draft): void {
  const actorId = required(id(body, 'actorId'), 'actorId');
  // The last four bytes of an actor id are its job's id (src/ray/design_docs/id_specification.md).
  const jobId = besideId(body, 'jobId', into.note) ?? actorId.slice(-8);
  const transitions = list(body, 'stateTransitions');
  if (transitions.length === 0)
    into.actors.push(
      defined<ActorPart>({
        session,
        jobId,
        actorId,
        className: text(body, 'className'),
        name: text(body, 'name'),
        namespace: text(body, 'rayNamespace'),
        isDetached: field(body, 'isDetached') === true,
        placementGroupId: besideId(body, 'placementGroupId', into.note),
        requiredResources: numbers(body, 'requiredResources'),
      }),
    );
  for (const transition of transitions) {
    const pid = integer(transition, 'pid');
    const cause = nested(transition, 'deathCause');
    const time = besideTimestamp(transition, 'timestamp', into.note);
    into.actors.push(
      defined<ActorPart>({
        session,
        jobId,
        actorId,
        state: text(transition, 'state'),
        stateTime: time,
        nodeId: besideId(transition, 'nodeId', into.note),
        workerId: besideId(transition, 'workerId', into.note),
        pid: pid === 0 ? undefined : pid,
        deathCause: cause && JSON.stringify(cause),
      }),
    );
    const message = oomMessageOfDeathCause(cause);
    if (message !== undefined && time !== undefined)
      into.kills.push(...oomKillsOfActor({ session, time, source: 'event', message, jobId, actorId }));
  }
}

export function worker(
  session: string,
  body: Fields,
  seen: Nanoseconds,
  nodeId: string | undefined,
  into: Draft,
): void {
  const workerId = required(id(body, 'workerId'), 'workerId');
  const transitions = list(body, 'stateTransitions');
  if (transitions.length === 0)
    into.workers.push(
      defined<WorkerPart>({
        session,
        workerId,
        nodeId: besideId(body, 'nodeId', into.note),
        pid: integer(body, 'pid'),
        type: text(body, 'workerType'),
      }),
    );
  for (const transition of transitions) {
    const exit = nested(transition, 'deathInfo') ?? transition;
    const end = besideTimestampMs(transition, 'endTimeMs', into.note);
    const [exitType, exitDetail] = [text(exit, 'exitType'), text(exit, 'exitDetail')];
    const start = besideTimestampMs(transition, 'startTimeMs', into.note);
    into.workers.push(defined<WorkerPart>({ session, workerId, start, end, exitType, exitDetail }));
    const used = integer(exit, 'memoryUsedBytes');
    into.kills.push(
      ...oomKillsOfWorker({
        session,
        workerId,
        exitType,
        time: end ?? besideTimestamp(transition, 'timestamp', into.note) ?? seen,
        source: 'event',
        message: exitDetail,
        jobId: besideId(body, 'jobId', into.note),
        nodeId,
        used: used ? bytes(used) : undefined,
      }),
    );
  }
}
