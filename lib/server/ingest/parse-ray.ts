/** Bodies of Ray's event export, and Ray's timeline files, to lines of Ray's tables. */
import { createHash } from 'node:crypto';
import { type AttemptPart, IMPORTED_SESSION, type SessionSighting } from '../../model/task.ts';
import { checkJson } from '../../sources/json/check-json.ts';
import { JsonText, type RecordVisitor } from '../../sources/json/json-text.ts';
import { type DecodedRay, decodeRayEvents } from '../../sources/ray/decode-event.ts';
import { decodeTimeline } from '../../sources/ray/decode-timeline.ts';
import { rayRows } from '../../store/insert-ray.ts';
import { ProblemError } from '../http/problem.ts';
import { ParseBudget } from './parse-budget.ts';
import { message, type ParsedBody, type ParseJob, type Reject, RejectList, refuseMany } from './parsed-body.ts';
import { RowLines } from './row-lines.ts';
import { REJECTED, SetAside } from './set-aside.ts';

/** A driver's task id is ones followed by its job id. */
const DRIVER_TASK_ID = 'f'.repeat(40);
/** Names that a body tells the process: all that real bodies have, and no more than it can remember. */
const EXPORTERS = 1_000;
const SIGHTINGS = 100;
const IGNORED_TYPES = 1_000;
const NAME_CHARACTERS = 500;
/** Notes of a body that are told. */
const NOTES = 10;

/** What comes of the records of a body, some hundred at a time. */
class RayLines {
  readonly budget: ParseBudget;
  readonly rejects = new RejectList();
  readonly lines: RowLines;
  readonly aside: SetAside;
  private readonly notes: Reject[] = [];
  private readonly kind: ParseJob['kind'];
  private readonly sightings = new Map<string, SessionSighting>();
  private readonly exporters = new Set<string>();
  private readonly ignored = new Map<string, number>();
  private ignoredCount = 0;

  constructor(kind: ParseJob['kind'], limits: ParseJob['limits']) {
    this.kind = kind;
    this.aside = new SetAside(kind);
    this.budget = new ParseBudget(limits);
    this.lines = new RowLines(this.budget);
  }

  /** `first`: position of the first of the records in the body. */
  add(decoded: DecodedRay, records: readonly unknown[], first: number): void {
    const { sightings, ...kept } = decoded.facts;
    for (const { table, rows } of rayRows(kept)) this.lines.add(table, rows);
    for (const { position, reason, session } of decoded.rejects) {
      this.rejects.add(first + position, reason, () => JSON.stringify(records[position]) ?? '');
      this.aside.add(session, REJECTED, 1, reason);
    }
    for (const { position, reason } of decoded.notes)
      if (this.notes.length < NOTES) this.notes.push({ position: first + position, reason });
    for (const sighting of sightings) {
      const before = this.sightings.get(sighting.session);
      if (!before || sighting.seen > before.seen) this.sightings.set(sighting.session, sighting);
    }
    if (this.kind === 'ray-events') this.heard(kept.attempts);
    for (const { session, type, records: count } of decoded.ignored) {
      this.aside.add(session, type, count);
      const name = this.ignored.size < IGNORED_TYPES ? type.slice(0, NAME_CHARACTERS) : 'other';
      this.ignored.set(name, (this.ignored.get(name) ?? 0) + count);
      this.ignoredCount += count;
    }
  }

  /** The driver's own task, and tasks whose parent it is, are defined by the driver's process. */
  private heard(attempts: readonly AttemptPart[]): void {
    const hear = (name: string): void => {
      if (this.exporters.size < EXPORTERS && name.length <= NAME_CHARACTERS) this.exporters.add(name);
    };
    for (const part of attempts) {
      hear(part.session);
      if (part.type === 'DRIVER_TASK' || (part.functionName && part.parentTaskId?.startsWith(DRIVER_TASK_ID)))
        hear(`${part.session}/${part.jobId}`);
    }
  }

  body(records: number): ParsedBody {
    let sightings = [...this.sightings.values()];
    if (sightings.length > SIGHTINGS || sightings.some(({ session }) => session.length > NAME_CHARACTERS)) {
      for (const { table, rows } of rayRows({ sightings })) this.lines.add(table, rows);
      sightings = [];
    }
    return {
      tables: [...this.lines.take(), ...this.rejects.rows(this.kind), ...this.aside.rows()],
      sightings,
      exporters: [...this.exporters],
      accepted: records - this.ignoredCount - this.rejects.total,
      ignored: Object.fromEntries(this.ignored),
      rejected: this.rejects.total,
      rejects: this.rejects.first,
      notes: this.notes,
      older: 0,
    };
  }
}

/** Records of a body in their order. Throws ProblemError. */
function eachRecord(bytes: Uint8Array, budget: ParseBudget, visitor: RecordVisitor): void {
  try {
    checkJson(bytes, budget);
    const text = new JsonText(bytes);
    text.eachRecord(text.root, visitor);
  } catch (error) {
    if (!(error instanceof SyntaxError) && (!(error instanceof Error) || error.constructor !== Error)) throw error;
    throw new ProblemError('invalid-body', `the body is not valid JSON: ${message(error)}`);
  }
}

export function parseRayEvents({ bytes, cluster, limits }: ParseJob): ParsedBody {
  const into = new RayLines('ray-events', limits);
  let count = 0;
  eachRecord(bytes, into.budget, {
    records(records) {
      refuseMany(count + records.length, 'records', limits);
      into.budget.look();
      into.add(decodeRayEvents(records, cluster), records, count);
      count += records.length;
    },
    refuse(reason) {
      into.rejects.add(count, reason);
      into.aside.add('', REJECTED, 1, reason);
      count += 1;
    },
  });
  return into.body(count);
}

/** A file without a session is one of its own, named by its content: importing it twice changes nothing. */
export function parseRayTimeline({ bytes, cluster, session: given, job, limits }: ParseJob): ParsedBody {
  const into = new RayLines('ray-timeline', limits);
  // All of them: spans of one attempt stand anywhere in the file.
  const records: unknown[] = [];
  /** Why a record could not be read, by position. */
  const refused = new Map<number, string>();
  eachRecord(bytes, into.budget, {
    records(some) {
      refuseMany(records.length + some.length, 'records', limits);
      into.budget.look();
      for (const record of some) records.push(record);
    },
    // Its position counts.
    refuse(reason) {
      refused.set(records.length, reason);
      records.push(null);
    },
  });
  const session = given ?? `${IMPORTED_SESSION}${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
  const isImported = session.startsWith(IMPORTED_SESSION);
  const read = decodeTimeline(records, { session, cluster, jobId: job ?? null, isImported });
  const rejects = read.rejects.map((one) => ({ ...one, reason: refused.get(one.position) ?? one.reason }));
  const decoded = { ...read, rejects };
  into.add(decoded, records, 0);
  into.lines.add(
    'xray.ray_completeness',
    decoded.completeness.map(({ jobId, truncated, reason }) => ({
      session,
      job_id: jobId,
      source: 'timeline',
      truncated: truncated ? 1 : 0,
      reason,
    })),
  );
  return into.body(records.length);
}
