/**
 * Kills by the memory monitor in what Ray says of tasks, workers and actors; the same from events and the State API.
 *
 * A report lists every victim of one breach with its worker id, so whichever message arrives tells of all of them, and
 * they merge by worker id: the same kill told by its task, its worker, its actor and its fellow victims is one.
 * A failure is not always a kill: a call to an actor that is already dead carries the report of the actor's death.
 */
import type { MemoryUser, OutOfMemoryKill } from '../../model/task.ts';
import type { Bytes, Nanoseconds } from '../../model/units.ts';
import { defined, type Fields, nested, text } from './event-fields.ts';
import { type OomReport, parseOomReport, type ReportedWorker } from './oom-report.ts';

interface Reported {
  readonly session: string;
  readonly time: Nanoseconds;
  readonly source: OutOfMemoryKill['source'];
  /** The monitor's report, where there is one. */
  readonly message: string | undefined;
  readonly jobId?: string | undefined;
  readonly nodeId?: string | undefined;
}

const MOST_OTHERS = 10;
const MOST_MESSAGE = 16_000;

/** A failed attempt. Empty unless its error is OUT_OF_MEMORY. */
export function oomKillsOfTask(
  fact: Reported & {
    readonly errorType: string | undefined;
    readonly taskId: string;
    readonly attempt: number;
    readonly name?: string | undefined;
    readonly actorId?: string | undefined;
    readonly workerId?: string | undefined;
    readonly pid?: number | undefined;
  },
): OutOfMemoryKill[] {
  if (fact.errorType !== 'OUT_OF_MEMORY') return [];
  const reported = ofReport(fact);
  if (reported.length > 0) return reported;
  // Without a victim in the report an actor's call may have failed long after the kill; only plain tasks count by themselves.
  if (fact.actorId) return [];
  const { session, time, source, message, jobId, nodeId, taskId, attempt, name, workerId, pid } = fact;
  const victim = workerId ?? `task:${taskId}:${attempt}`;
  const own = { session, victim, time, source, message, jobId, nodeId, taskId, attempt, name, workerId, pid };
  return [defined<OutOfMemoryKill>({ ...own, ...nodeOfReport(fact), kind: 'task' })];
}

/** A worker that is dead. Empty unless it left by NODE_OUT_OF_MEMORY; idle workers are told of by nothing else. */
export function oomKillsOfWorker(
  fact: Reported & {
    readonly exitType: string | undefined;
    readonly workerId: string;
    readonly pid?: number | undefined;
    /** memoryUsedBytes of its death info. */
    readonly used?: Bytes | undefined;
  },
): OutOfMemoryKill[] {
  if (fact.exitType !== 'NODE_OUT_OF_MEMORY') return [];
  const { session, time, source, message, jobId, nodeId, workerId, pid, used } = fact;
  const reported = ofReport(fact);
  const fellows = reported.filter((kill) => kill.victim !== workerId);
  const own = reported.find((kill) => kill.victim === workerId) ?? nodeOfReport(fact);
  const exact = { session, victim: workerId, time, source, message, jobId, nodeId, workerId, pid, used };
  return [{ ...own, ...defined<OutOfMemoryKill>(exact) }, ...fellows];
}

/** The report in an actor's death cause (`oomContext` of ActorDeathCause); undefined where it died of something else. */
export function oomMessageOfDeathCause(cause: Fields | undefined): string | undefined {
  const context = cause && nested(cause, 'oomContext');
  return context && (text(context, 'errorMessage') ?? 'the node ran low on memory');
}

/** An actor that is dead or restarting with an out-of-memory context as its cause; `message` is that context's report. */
export function oomKillsOfActor(fact: Reported & { readonly actorId: string }): OutOfMemoryKill[] {
  const reported = ofReport(fact);
  if (reported.length > 0) return reported;
  const { session, time, source, message, jobId, nodeId, actorId } = fact;
  const own = { session, victim: `actor:${actorId}`, time, source, message, jobId, nodeId, actorId };
  return [defined<OutOfMemoryKill>({ ...own, ...nodeOfReport(fact), kind: 'actor' })];
}

type NodeOfReport = Pick<OutOfMemoryKill, 'nodeId' | 'nodeIp' | 'nodeUsed' | 'nodeTotal' | 'nodeThreshold' | 'others'>;

/** What a report says of the node, where its list of victims does not name this one. */
function nodeOfReport(fact: Reported): NodeOfReport {
  const report = fact.message === undefined ? null : parseOomReport(fact.message);
  return report ? { ...nodeFigures(report, fact), others: othersOf(report, null) } : {};
}

const nodeFigures = (report: OomReport, fact: Reported): NodeOfReport =>
  defined<NodeOfReport>({
    nodeId: report.nodeId ?? fact.nodeId,
    nodeIp: report.nodeIp ?? undefined,
    nodeUsed: report.nodeUsed ?? undefined,
    nodeTotal: report.nodeTotal ?? undefined,
    nodeThreshold: report.nodeThreshold ?? undefined,
    others: undefined,
  });

function ofReport(fact: Reported): OutOfMemoryKill[] {
  const report = fact.message === undefined ? null : parseOomReport(fact.message);
  if (!report) return [];
  const { session, time, source } = fact;
  const message = fact.message?.slice(0, MOST_MESSAGE);
  return report.workers.flatMap((worker) => {
    if (!worker.killed || worker.workerId === null) return [];
    return [
      defined<OutOfMemoryKill>({
        session,
        victim: worker.workerId,
        time,
        source,
        kind: worker.kind ?? undefined,
        name: worker.name || undefined,
        ...nodeFigures(report, fact),
        jobId: worker.jobId ?? undefined,
        taskId: worker.taskId ?? undefined,
        actorId: worker.actorId ?? undefined,
        workerId: worker.workerId,
        pid: worker.pid ?? undefined,
        usedReported: worker.used ?? undefined,
        others: othersOf(report, worker),
        message,
      }),
    ];
  });
}

/** Everybody else the report names: by pid once, with the task's name rather than the command line. */
function othersOf(report: OomReport, victim: ReportedWorker | null): MemoryUser[] {
  const byPid = new Map<number, MemoryUser>(
    report.users.map((user) => [user.pid, { ...user, name: user.name.replace(/^ray::/, '') }]),
  );
  for (const { pid, used, name, kind } of report.workers)
    if (pid !== null && used !== null)
      byPid.set(pid, {
        pid,
        used,
        name: name || (kind === 'idle_worker' ? 'Idle Worker' : (byPid.get(pid)?.name ?? '')),
      });
  if (victim !== null && victim.pid !== null) byPid.delete(victim.pid);
  return [...byPid.values()].sort((a, b) => b.used - a.used || a.pid - b.pid).slice(0, MOST_OTHERS);
}
