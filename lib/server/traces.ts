/** Use cases of traces: the list, and one trace with its spans joined to the Ray tasks that they are. */
import type { SpanWireValue, TracesWire, TraceWire } from '../contract/traces.ts';
import { sessionClusters } from '../store/queries/sessions.ts';
import { attemptsForSpans } from '../store/queries/span-tasks.ts';
import { spansOfTrace, traceServices, tracesMatched, tracesPage } from '../store/queries/traces.ts';
import { ProblemError } from './problem.ts';
import type { Runtime } from './runtime.ts';

interface TracesQuery {
  readonly service?: string | undefined;
  readonly name?: string | undefined;
  readonly attributes?: string | undefined;
  readonly minDurationMs?: number | undefined;
  readonly maxDurationMs?: number | undefined;
  readonly errors?: boolean | undefined;
  readonly from?: bigint | undefined;
  readonly to?: bigint | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const END_OF_TIME = 9_223_372_036_854_775_807n;

/** `key=value&&key=value`; a part without `=` is refused. */
function attributePairs(text: string | undefined): { keys: string[]; values: string[] } {
  const pairs = (text ?? '').split('&&').filter((part) => part.trim() !== '');
  const keys: string[] = [];
  const values: string[] = [];
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at <= 0)
      throw new ProblemError('invalid-parameter', `parameter "attributes" has "${pair}": expected key=value`);
    keys.push(pair.slice(0, at).trim());
    values.push(pair.slice(at + 1).trim());
  }
  return { keys, values };
}

export async function listTraces(runtime: Runtime, query: TracesQuery): Promise<TracesWire> {
  const offset = Number(query.cursor ?? '0');
  if (!Number.isInteger(offset) || offset < 0)
    throw new ProblemError(
      'invalid-parameter',
      `parameter "cursor" is ${JSON.stringify(query.cursor)}: take it from nextCursor`,
    );
  const params = {
    service: query.service ?? '',
    name: query.name ?? '',
    errors: query.errors ? 1 : 0,
    from: query.from ?? 0n,
    to: query.to ?? END_OF_TIME,
    minNs: BigInt(Math.round((query.minDurationMs ?? 0) * 1e6)),
    maxNs: query.maxDurationMs === undefined ? END_OF_TIME : BigInt(Math.round(query.maxDurationMs * 1e6)),
    ...attributePairs(query.attributes),
  };
  const [rows, [matched], services] = await Promise.all([
    runtime.engine.select(tracesPage, { ...params, limit: query.limit, offset }),
    runtime.engine.select(tracesMatched, params),
    runtime.engine.select(traceServices),
  ]);
  const total = matched?.matched ?? 0;
  return {
    traces: rows.map((row) => ({
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
    matched: total,
    services: services.map((row) => row.service),
    nextCursor: offset + rows.length < total && rows.length > 0 ? String(offset + rows.length) : null,
  };
}

export async function getTrace(
  runtime: Runtime,
  query: { readonly traceId: string; readonly limit: number },
): Promise<TraceWire> {
  const traceId = query.traceId.toLowerCase();
  const rows = await runtime.engine.select(spansOfTrace, { trace: traceId });
  const first = rows[0];
  if (!first) throw new ProblemError('not-found', `no span of trace ${traceId} is stored`);
  const end = rows.reduce(
    (latest, row) =>
      BigInt(row.start_ns) + BigInt(row.duration_ns) > latest ? BigInt(row.start_ns) + BigInt(row.duration_ns) : latest,
    0n,
  );
  const shown = rows.slice(0, query.limit);
  const taskOf = await joinTasks(runtime, shown, BigInt(first.start_ns), end);
  return {
    traceId,
    startNs: first.start_ns,
    durationNs: (end - BigInt(first.start_ns)).toString(),
    services: [...new Set(rows.map((row) => row.service_name))].sort(),
    omitted: rows.length - shown.length,
    spans: shown.map((row) => ({
      spanId: row.span_id,
      parentSpanId: row.parent_span_id,
      name: row.name,
      kind: row.kind,
      serviceName: row.service_name,
      startNs: row.start_ns,
      durationNs: row.duration_ns,
      statusCode: row.status_code,
      statusMessage: row.status_message,
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
      task: taskOf(row),
    })),
  };
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
 * the span's start is theirs.
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
    if (attributes['ray.task_id']) tasks.add(attributes['ray.task_id']);
    else if (attributes['ray.worker_id']) workers.add(attributes['ray.worker_id']);
  }
  if (tasks.size + workers.size === 0) return () => null;
  const [attempts, clusters] = await Promise.all([
    runtime.engine.select(attemptsForSpans, { tasks: [...tasks], workers: [...workers], from, to }),
    sessionClusters(runtime.engine),
  ]);
  return (span) => {
    const at = BigInt(span.start_ns);
    const taskId = span.kind === 'Producer' ? undefined : span.attributes['ray.task_id'];
    const workerId = span.kind === 'Producer' || taskId ? undefined : span.attributes['ray.worker_id'];
    const candidates = attempts.filter((attempt) =>
      taskId ? attempt.task_id === taskId : workerId !== undefined && attempt.worker_id === workerId,
    );
    const ranThen = candidates.filter(
      (attempt) => BigInt(attempt.start_ns) <= at && (attempt.end_ns === '0' || BigInt(attempt.end_ns) >= at),
    );
    const found = ranThen.at(-1) ?? (taskId ? candidates.at(-1) : undefined);
    if (!found) return null;
    return {
      cluster: clusters.get(found.session) ?? found.session,
      session: found.session,
      jobId: found.job_id,
      taskId: found.task_id,
      attempt: found.attempt,
      functionName: found.function_name,
      state: found.state,
      joinedBy: taskId ? 'ray.task_id' : 'worker+time',
    };
  };
}
