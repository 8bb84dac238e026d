/** Use cases of traces: the list, and one trace with its spans joined to the Ray tasks that they are. */
import { type TraceLocation, traceCursorOf } from '../../contract/cursors.ts';
import type { SpanWireValue, TracesWire, TraceWire } from '../../contract/traces.ts';
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import { withoutAnsi } from '../../model/without-ansi.ts';
import { sessionClusters } from '../../store/queries/sessions.ts';
import { type SetAsideRow, setAside } from '../../store/queries/set-aside.ts';
import { attemptsForSpans } from '../../store/queries/span-tasks.ts';
import { spansOfTrace, traceExtent, traceServices, tracesMatched, tracesPage } from '../../store/queries/traces.ts';
import { ProblemError } from '../http/problem.ts';
import { OLDER } from '../ingest/set-aside.ts';
import type { Runtime } from '../runtime/runtime.ts';

interface TracesQuery {
  readonly service?: string | undefined;
  readonly name?: string | undefined;
  readonly attributes?: { readonly keys: readonly string[]; readonly values: readonly string[] } | undefined;
  readonly minDurationMs?: number | undefined;
  readonly maxDurationMs?: number | undefined;
  readonly errors?: boolean | undefined;
  readonly from?: bigint | undefined;
  readonly to?: bigint | undefined;
  readonly limit: number;
  readonly cursor?: TraceLocation | undefined;
}

const END_OF_TIME = 9_223_372_036_854_775_807n;

export async function listTraces(runtime: Runtime, query: TracesQuery): Promise<TracesWire> {
  const after = query.cursor ?? { afterNs: 0n, afterId: '' };
  const params = {
    service: query.service ?? '',
    name: query.name ?? '',
    errors: query.errors ? 1 : 0,
    from: query.from ?? 0n,
    to: query.to ?? END_OF_TIME,
    minNs: BigInt(Math.round((query.minDurationMs ?? 0) * 1e6)),
    maxNs: query.maxDurationMs === undefined ? END_OF_TIME : BigInt(Math.round(query.maxDurationMs * 1e6)),
    keys: query.attributes?.keys ?? [],
    values: query.attributes?.values ?? [],
  };
  const [rows, [matched], services, aside] = await Promise.all([
    runtime.engine.select(tracesPage, { ...params, ...after, limit: query.limit + 1 }),
    runtime.engine.select(tracesMatched, params),
    runtime.engine.select(traceServices),
    runtime.engine.select(setAside, { doors: ['otlp'], session: '', days: 1 }),
  ]);
  // One more than asked for tells whether there is another page.
  const shown = rows.slice(0, query.limit);
  const last = shown.at(-1);
  return {
    traces: shown.map((row) => ({
      traceId: row.trace_id,
      rootName: row.root_name,
      serviceName: row.service_name,
      services: row.services,
      startNs: row.start_ns,
      durationNs: row.duration_ns,
      spans: row.spans,
      errors: row.errors,
      complete: row.complete,
    })),
    matched: matched?.matched ?? 0,
    services: services.map((row) => row.service),
    nextCursor: rows.length > shown.length && last ? traceCursorOf(last.start_ns, last.trace_id) : null,
    notices: aside.map(notTaken),
  };
}

/** What was sent since yesterday and is not here. */
function notTaken({ what, reason, records }: SetAsideRow): SourceNoticeWire {
  const spans = `${records.toLocaleString('en-US')} ${records === 1 ? 'span' : 'spans'}`;
  const isOld = what === OLDER;
  return {
    source: 'otlp',
    kind: 'partial',
    message: isOld
      ? `${spans} sent since yesterday ${records === 1 ? 'is' : 'are'} set aside: ${reason}`
      : `${spans} sent since yesterday could not be read: ${reason}`,
    whatToDo: isOld ? 'import recordings with xray import; check the clock of who sends' : null,
  };
}

export async function getTrace(
  runtime: Runtime,
  query: { readonly traceId: string; readonly limit: number },
): Promise<TraceWire> {
  const traceId = query.traceId.toLowerCase();
  const [[whole], spans] = await Promise.all([
    runtime.engine.select(traceExtent, { trace: traceId }),
    spansInFull(runtime, { traceId, spanId: '', limit: query.limit }),
  ]);
  if (!whole || spans.length === 0) throw new ProblemError('not-found', `no span of trace ${traceId} is stored`);
  return {
    traceId,
    startNs: whole.start_ns,
    durationNs: (BigInt(whole.end_ns) - BigInt(whole.start_ns)).toString(),
    services: whole.services,
    omitted: Math.max(0, whole.spans - spans.length),
    spans,
  };
}

/** Of spans in one answer, about. */
const SPAN_BYTES = 16_000_000;

/** Spans with all that is known of them, by start. `spanId`: this one alone, '' for all. */
export async function spansInFull(
  runtime: Runtime,
  query: { readonly traceId: string; readonly spanId: string; readonly limit: number },
): Promise<SpanWireValue[]> {
  const rows = await runtime.engine.select(spansOfTrace, {
    trace: query.traceId,
    span: query.spanId,
    limit: query.limit,
    bytes: SPAN_BYTES,
  });
  let [first, last] = [BigInt(rows[0]?.start_ns ?? '0'), 0n];
  for (const row of rows) {
    const [start, end] = [BigInt(row.start_ns), BigInt(row.start_ns) + BigInt(row.duration_ns)];
    if (start < first) first = start;
    if (end > last) last = end;
  }
  const taskOf = await joinTasks(runtime, rows, first, last);
  return rows.map((row) => ({
    spanId: row.span_id,
    parentSpanId: row.parent_span_id,
    name: row.name,
    kind: row.kind,
    serviceName: row.service_name,
    startNs: row.start_ns,
    durationNs: row.duration_ns,
    statusCode: row.status_code,
    statusMessage: withoutAnsi(row.status_message),
    scopeName: row.scope_name,
    attributes: row.attributes,
    resourceAttributes: row.resource_attributes,
    events: row.event_times.map((timeNs, i) => ({
      timeNs,
      name: row.event_names[i] ?? '',
      attributes: row.event_attributes[i] ?? {},
    })),
    links: row.link_traces.map((linked, i) => ({
      traceId: linked,
      spanId: row.link_spans[i] ?? '',
      attributes: row.link_attributes[i] ?? {},
    })),
    ...omittedOf(row.omitted),
    task: taskOf(row),
  }));
}

function omittedOf([attributes, resourceAttributes, events, links]: readonly [number, number, number, number]): Pick<
  SpanWireValue,
  'omitted'
> {
  const omitted = { attributes, resourceAttributes, events, links };
  return Object.values(omitted).some((count) => count > 0) ? { omitted } : {};
}

interface JoinableSpan {
  readonly kind: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly start_ns: string;
  readonly duration_ns: string;
}

/**
 * ray.task_id names the executed task on consumer spans of functions, but the caller's on nested producers, so it only
 * joins spans that are not producers. Consumer spans of actors have no task id: the attempt on their worker that ran at
 * the span's start is theirs. Ray does not say on which worker an actor was made: `__init__` is joined by its actor.
 */
async function joinTasks(
  runtime: Runtime,
  spans: readonly JoinableSpan[],
  from: bigint,
  to: bigint,
): Promise<(span: JoinableSpan) => SpanWireValue['task']> {
  const tasks = new Set<string>();
  const workers = new Set<string>();
  for (const { kind, attributes } of spans) {
    if (kind === 'Producer') continue;
    const taskId = taskIdOf(attributes);
    if (taskId) tasks.add(taskId);
    else if (attributes['ray.worker_id']) workers.add(attributes['ray.worker_id']);
  }
  if (tasks.size + workers.size === 0) return () => null;
  const rows = await runtime.engine.select(attemptsForSpans, { tasks: [...tasks], workers: [...workers], from, to });
  const clusters = await sessionClusters(runtime.engine, [...new Set(rows.map((row) => row.session))]);
  const attempts = rows.map((row) => ({ ...row, start: BigInt(row.start_ns), end: BigInt(row.end_ns) }));
  const byTask = Map.groupBy(attempts, (attempt) => attempt.task_id);
  const byWorker = Map.groupBy(attempts, (attempt) => attempt.worker_id);
  type Attempt = (typeof attempts)[number];
  return (span) => {
    if (span.kind === 'Producer') return null;
    const at = BigInt(span.start_ns);
    const taskId = taskIdOf(span.attributes);
    const workerId = span.attributes['ray.worker_id'];
    const ranThen = (attempt: Attempt) => attempt.start <= at && (attempt.end === 0n || attempt.end >= at);
    const ofTask = taskId ? (byTask.get(taskId) ?? []) : [];
    const found = taskId
      ? (lastBefore(ofTask, at, ranThen) ?? ofTask.at(-1))
      : lastBefore(byWorker.get(workerId ?? '') ?? [], at, ranThen);
    if (!found) return null;
    return {
      cluster: clusters.get(found.session) ?? found.session,
      session: found.session,
      jobId: found.job_id,
      taskId: found.task_id,
      attempt: found.attempt,
      functionName: found.function_name,
      state: found.state,
      joinedBy: span.attributes['ray.task_id'] ? 'ray.task_id' : taskId ? 'ray.actor_id' : 'worker+time',
    };
  };
}

/**
 * Null where only worker and time can tell. The task that makes an actor is called 8 bytes of ff and then the actor's id
 * (ray/src/ray/common/id.cc, TaskID::ForActorCreationTask).
 */
function taskIdOf(attributes: JoinableSpan['attributes']): string | null {
  if (attributes['ray.task_id']) return attributes['ray.task_id'];
  const actorId = attributes['ray.actor_id'];
  return actorId && attributes['ray.actor_method'] === '__init__' ? `ffffffffffffffff${actorId}` : null;
}

/** Attempts one worker may run at once (an actor with many threads), or one task may have had since; further back is not looked. */
const MOST_AT_ONCE = 1_000;

/** The newest attempt, by start, that began at or before `at` and passes; `attempts` by start. */
function lastBefore<Attempt extends { readonly start: bigint }>(
  attempts: readonly Attempt[],
  at: bigint,
  passes: (attempt: Attempt) => boolean,
): Attempt | undefined {
  let low = 0;
  let high = attempts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((attempts[middle]?.start ?? 0n) <= at) low = middle + 1;
    else high = middle;
  }
  for (let i = low - 1; i >= Math.max(0, low - MOST_AT_ONCE); i--) {
    const attempt = attempts[i];
    if (attempt !== undefined && passes(attempt)) return attempt;
  }
  return undefined;
}
