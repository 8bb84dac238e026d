/**
 * Ingest: bounded, batched, acknowledged only when it is in the store. A body is read (body-reader.ts), let in where it can
 * be stored in time (admission.ts), parsed (parser-pool.ts; big ones off the event loop) and inserted (write-queue.ts).
 * What cannot be stored in time is refused at once with 429 and Retry-After, and counted.
 */

import type { SourceHealthWire } from '../../contract/health.ts';
import type { IngestReportWire } from '../../contract/ingest.ts';
import { IngestQuery } from '../../contract/ingest.ts';
import type { SessionSighting } from '../../model/task.ts';
import type { Engine } from '../../store/engine.ts';
import { rayRows } from '../../store/insert-ray.ts';
import { PEER_HEADER } from '../http/client-address.ts';
import { parseQuery } from '../http/parse-query.ts';
import { ProblemError } from '../http/problem.ts';
import type { Config } from '../runtime/config.ts';
import type { Ingest, IngestBody, IngestHead, IngestKind, TimelineBody } from '../runtime/ingest.ts';
import { createReadersFirst, type ReadersFirst } from '../store/readers-first.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { type Arrival, createAdmission } from './admission.ts';
import { createBodyReader } from './body-reader.ts';
import { contentEncoding } from './content-encoding.ts';
import { ingestMetrics, KNOWN_IGNORED } from './ingest-metrics.ts';
import type { ParsedBody, ParseJob, SpanAge, TableRows } from './parsed-body.ts';
import { closingError, createParserPool, leftError } from './parser-pool.ts';
import { createSightings } from './sightings.ts';
import { type AddOptions, createWriteQueue, encodeInSlices, type Lost } from './write-queue.ts';

const REJECTS_SHOWN = 10;
const TYPES_SHOWN = 20;
const DAY_MS = 86_400_000;
const SIGHTINGS_EVERY_MS = 10_000;
/** Sessions and jobs that are remembered as exporting; the oldest is forgotten. */
const MOST_EXPORTERS = 20_000;
/** How long bodies that are being parsed may go on when X-Ray ends. */
const CLOSE_MS = 3_000;
/** Ray's aggregator gives up after 3 s and sends the same again. */
const RAY_WAIT_SECONDS = 2;
/** Says how many spans were set aside for their age, where it is not only the first. */
const ageText = ({ older, rejected }: ParsedBody): string =>
  older > 1 || (older === 1 && rejected > 1) ? ` (${older} spans of this request are older than the retention)` : '';

/** `now`: Unix ms, by the clock that retention believes; `readers`: whom batches let pass. */
export function createIngest(
  engine: Engine,
  config: Config,
  telemetry: Telemetry,
  now: () => number = Date.now,
  readers: Pick<ReadersFirst, 'pass'> = createReadersFirst(),
): Ingest {
  const { accepted, rejected, ignored: ignoredTotal, queued, waiting, storing } = ingestMetrics(telemetry);
  const queue = createWriteQueue(engine, config.limits.queueRows, (rows) => queued.set(rows), readers);
  const parser = createParserPool();
  const admission = createAdmission();
  const reader = createBodyReader(config.limits);
  const sightings = createSightings();
  /** Sessions that send events, and `<session>/<job>` of jobs whose drivers do. */
  const exporters = new Set<string>();
  const lastReceived = { otlp: null as Date | null, events: null as Date | null };
  const started = new Date();
  let closing = false;

  async function add(tables: readonly TableRows[], endpoint: string, options: AddOptions): Promise<readonly Lost[]> {
    const lost = await queue.add(tables, options);
    for (const { rows } of lost) rejected.inc({ kind: endpoint, reason: 'store' }, rows);
    return lost;
  }

  /** Rows of Ray's facts with what their sightings say that is new. */
  async function addFacts(
    rows: readonly { readonly table: string; readonly rows: readonly object[] }[],
    seen: readonly SessionSighting[],
    parsed: readonly TableRows[],
    endpoint: string,
    options: AddOptions,
  ): Promise<readonly Lost[]> {
    const news = sightings.news(seen);
    const encoded = await Promise.all(
      [...rows, ...rayRows({ sightings: news })].map((one) => encodeInSlices(one.table, one.rows)),
    );
    const lost = await add([...parsed, ...encoded], endpoint, options);
    sightings.wrote(news);
    return lost;
  }

  async function writeDueSightings(all: boolean): Promise<void> {
    const due = sightings.due(all);
    if (due.length === 0) return;
    const rows = rayRows({ sightings: due });
    await queue.add(await Promise.all(rows.map((one) => encodeInSlices(one.table, one.rows))));
    sightings.wrote(due);
  }
  // What cannot be written now is due again the next time.
  const timer = setInterval(() => void writeDueSightings(false).catch(() => undefined), SIGHTINGS_EVERY_MS);
  timer.unref();

  function countRefusal(error: unknown): void {
    if (error instanceof ProblemError) rejected.inc({ kind: 'request', reason: error.problem.code });
  }

  async function counted<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      countRefusal(error);
      throw error;
    } finally {
      waiting.set(admission.waitingBytes());
      storing.set(admission.rate());
    }
  }

  function arrivalOf(kind: IngestKind, body: IngestHead, bytes: number): Arrival {
    const { waitSeconds } = config.limits;
    const encoding = contentEncoding(body.contentEncoding);
    const type = /protobuf/i.test(body.contentType) ? 'protobuf' : 'json';
    return {
      sender: { address: body.peer ?? '', name: body.cluster ?? '' },
      bytes,
      kind: `${kind} ${type} ${encoding}`,
      gzip: encoding === 'gzip',
      waitSeconds:
        body.peer === undefined ? null : kind === 'ray-events' ? Math.min(RAY_WAIT_SECONDS, waitSeconds) : waitSeconds,
    };
  }

  /** What is older would be deleted at the next round of retention (store/retention.ts). */
  function spanAge(isImport: boolean): SpanAge {
    const { traces: days } = config.retentionDays;
    const time = Math.floor(now());
    return {
      days,
      oldestNs: BigInt(time - days * DAY_MS) * 1_000_000n,
      imported: isImport ? Math.floor(time / 1000) : null,
    };
  }

  function checkRoom(head: IngestHead, kind: IngestKind, bytes: number): void {
    if (closing) throw closingError();
    // What is too long is refused for that.
    if (bytes <= config.limits.bodyBytes) admission.check(arrivalOf(kind, head, bytes));
  }

  /** A body from the door to the store. */
  const take = (kind: ParseJob['kind'], body: IngestBody | TimelineBody) =>
    counted(async (): Promise<{ parsed: ParsedBody; lost: readonly Lost[] }> => {
      if (closing) throw closingError();
      const { bytes, contentType, cluster, signal = null } = body;
      if (bytes.byteLength > config.limits.bodyBytes)
        throw new ProblemError(
          'too-large',
          `the body has ${bytes.byteLength} bytes, the limit is ${config.limits.bodyBytes}`,
        );
      const arrival = arrivalOf(kind, body, bytes.byteLength);
      const { sender } = arrival;
      const ticket = admission.enter(arrival);
      let stored = false;
      try {
        const reported = 'session' in body ? { session: body.session, job: body.job } : {};
        const spans = kind === 'otlp' ? { spans: spanAge(body.isImport === true) } : {};
        const job: ParseJob = { kind, bytes, contentType, cluster, ...reported, ...spans, limits: config.limits };
        const encoding = contentEncoding(body.contentEncoding);
        const parsed = await parser.parse({ job, encoding, sender, signal });
        ticket.weigh(parsed.tables.reduce((sum, { lines }) => sum + lines.byteLength, 0));
        // Stored without an answer it would be sent, and stored, again.
        if (signal?.aborted) throw leftError();
        const lost = await addFacts([], parsed.sightings, parsed.tables, kind, { sender, signal });
        if (parsed.rejected > 0) rejected.inc({ kind, reason: 'record' }, parsed.rejected);
        stored = true;
        return { parsed, lost };
      } finally {
        ticket.leave(stored);
      }
    });

  /** Stores what was parsed and says what became of its records. */
  async function keep(kind: 'ray-events' | 'ray-timeline', body: IngestBody | TimelineBody): Promise<IngestReportWire> {
    const { parsed, lost } = await take(kind, body);
    for (const name of parsed.exporters) {
      exporters.add(name);
      const [oldest] = exporters;
      if (exporters.size > MOST_EXPORTERS && oldest !== undefined) exporters.delete(oldest);
    }
    const ignored = Object.values(parsed.ignored).reduce((sum, count) => sum + count, 0);
    for (const [type, count] of Object.entries(parsed.ignored))
      ignoredTotal.inc({ kind, type: KNOWN_IGNORED.has(type) ? type : 'other' }, count);
    const lostRows = lost.reduce((sum, one) => sum + one.rows, 0);
    const taken = Math.max(0, parsed.accepted - lostRows);
    accepted.inc({ kind }, taken);
    // The store merges rows of a body and does not tell which record a refused row came from.
    const refused = lost.map(({ reason }) => ({ position: -1, reason }));
    return {
      accepted: taken,
      ignored,
      rejected: parsed.rejected + lostRows,
      rejects: [...parsed.rejects, ...refused].slice(0, REJECTS_SHOWN),
      ...(parsed.notes.length > 0 ? { notes: [...parsed.notes] } : {}),
      ...(ignored > 0
        ? { ignoredTypes: Object.fromEntries(Object.entries(parsed.ignored).slice(0, TYPES_SHOWN)) }
        : {}),
    };
  }

  return {
    check(head, kind, bytes) {
      try {
        checkRoom(head, kind, bytes);
      } catch (error) {
        // What else is wrong with it, its route says and counts.
        if (error instanceof ProblemError && error.problem.code === 'overloaded') countRefusal(error);
        throw error;
      }
    },
    receive: (request, kind) =>
      counted(async () => {
        const query = parseQuery(IngestQuery, request);
        const head = {
          contentType: request.headers.get('content-type') ?? '',
          contentEncoding: request.headers.get('content-encoding') ?? '',
          cluster: query.cluster || null,
          isImport: query.import === true,
          peer: request.headers.get(PEER_HEADER) ?? '',
          signal: request.signal,
        };
        // Refused before it is read, where it says how long it is.
        checkRoom(head, kind, Number(request.headers.get('content-length') ?? '0'));
        return { ...head, bytes: await reader.read(request) };
      }),
    async rayEvents(body) {
      const report = await keep('ray-events', body);
      lastReceived.events = new Date();
      return report;
    },
    rayTimeline: (body) => keep('ray-timeline', body),
    async traces(body) {
      const { parsed, lost } = await take('otlp', body);
      lastReceived.otlp = new Date();
      const lostSpans = lost.filter((one) => one.table === 'xray.otel_traces').reduce((sum, one) => sum + one.rows, 0);
      accepted.inc({ kind: 'spans' }, parsed.accepted - lostSpans);
      const [first] = parsed.rejects;
      return {
        acceptedSpans: parsed.accepted - lostSpans,
        rejectedSpans: parsed.rejected + lostSpans,
        reason: first ? `span ${first.position}: ${first.reason}${ageText(parsed)}` : (lost[0]?.reason ?? ''),
      };
    },
    async rayFacts(facts) {
      const { sightings: seen = [], ...rest } = facts;
      await counted(() => addFacts(rayRows(rest), seen, [], 'ray-facts', {}));
    },
    writingSince: queue.writingSince,
    hearsEvents: (session, jobId) => exporters.has(jobId === undefined ? session : `${session}/${jobId}`),
    health() {
      const trouble = queue.trouble();
      const of = (
        id: string,
        kind: SourceHealthWire['kind'],
        last: Date | null,
        whatToDo: string,
      ): SourceHealthWire => ({
        id,
        kind,
        cluster: null,
        state: trouble ? 'degraded' : last ? 'up' : 'waiting',
        since: (trouble?.since ?? last ?? started).toISOString(),
        lastSuccess: last?.toISOString() ?? null,
        reason: trouble?.reason ?? null,
        whatToDo: last ? null : whatToDo,
        url: null,
        details: { queueRows: queue.waitingRows() },
      });
      return [
        of(
          'ingest:otlp',
          'otlp',
          lastReceived.otlp,
          'set OTEL_EXPORTER_OTLP_TRACES_ENDPOINT to /v1/traces of this X-Ray',
        ),
        of(
          'ingest:ray-events',
          'ray-events',
          lastReceived.events,
          'set RAY_DASHBOARD_AGGREGATOR_AGENT_EVENTS_EXPORT_ADDR to /v1/events of this X-Ray',
        ),
      ];
    },
    async close() {
      closing = true;
      clearInterval(timer);
      // First what is being parsed, because it ends in the queue.
      await parser.close(CLOSE_MS);
      await writeDueSightings(true).catch(() => undefined);
      await queue.close();
    },
  };
}
