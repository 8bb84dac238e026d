/**
 * Ingest: bounded, batched, acknowledged only when it is in the store. Rows of several requests that arrive together
 * go into one insert per table; a request resolves when the inserts that carry its rows have. When more rows wait than
 * the limit, requests are refused with 429 and Retry-After, and counted.
 */
import { createHash } from 'node:crypto';
import { Counter, Gauge } from 'prom-client';
import type { SourceHealthWire } from '../../contract/health.ts';
import type { IngestReportWire } from '../../contract/ingest.ts';
import { IMPORTED_SESSION } from '../../model/task.ts';
import { decodeOtlp } from '../../sources/otlp/decode.ts';
import { type DecodedRay, decodeRayEvents } from '../../sources/ray/decode-event.ts';
import { decodeTimeline } from '../../sources/ray/decode-timeline.ts';
import type { Engine } from '../../store/engine.ts';
import { rayRows } from '../../store/insert-ray.ts';
import { spanRows } from '../../store/insert-spans.ts';
import type { Config } from '../config.ts';
import { ProblemError } from '../problem.ts';
import type { Telemetry } from '../telemetry.ts';
import { parseJson, readBody } from './body.ts';
import type { Ingest } from './ingest.ts';

interface Waiting {
  readonly tables: readonly { readonly table: string; readonly rows: readonly object[] }[];
  readonly count: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const BATCH_ROWS = 50_000;
const BATCH_MS = 20;
const REJECTS_SHOWN = 10;
/** The same content has the same name, compressed or not: importing it twice changes nothing. */
const importedSession = (bytes: Uint8Array): string =>
  `${IMPORTED_SESSION}${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;

export function createIngest(engine: Engine, config: Config, telemetry: Telemetry): Ingest {
  const registers = [telemetry.registry];
  const accepted = new Counter({
    name: 'xray_ingest_accepted_total',
    help: 'Records stored.',
    labelNames: ['kind'],
    registers,
  });
  const rejected = new Counter({
    name: 'xray_ingest_rejected_total',
    help: 'Records or requests refused.',
    labelNames: ['kind', 'reason'],
    registers,
  });
  const ignoredTotal = new Counter({
    name: 'xray_ingest_ignored_total',
    help: 'Valid records that say nothing X-Ray keeps.',
    labelNames: ['kind', 'type'],
    registers,
  });
  const queued = new Gauge({ name: 'xray_ingest_queue_rows', help: 'Rows waiting to be stored.', registers });

  const queue: Waiting[] = [];
  let waitingRows = 0;
  let working: Promise<void> | null = null;
  let closed = false;
  const heard = { otlp: null as Date | null, events: null as Date | null };
  const started = new Date();
  let lastError: { readonly since: Date; readonly reason: string } | null = null;

  function enqueue(tables: Waiting['tables']): Promise<void> {
    const count = tables.reduce((sum, entry) => sum + entry.rows.length, 0);
    if (count === 0) return Promise.resolve();
    if (closed)
      throw new ProblemError('source-down', 'X-Ray is shutting down: send this again later', {
        headers: { 'retry-after': '5' },
      });
    if (waitingRows + count > config.limits.queueRows && waitingRows > 0) {
      rejected.inc({ kind: 'request', reason: 'queue-full' });
      throw new ProblemError(
        'overloaded',
        `${waitingRows} rows wait to be stored, the limit is ${config.limits.queueRows}: send this again later`,
        { headers: { 'retry-after': '1' } },
      );
    }
    waitingRows += count;
    queued.set(waitingRows);
    return new Promise((resolve, reject) => {
      queue.push({ tables, count, resolve, reject });
      working ??= drain();
    });
  }

  async function drain(): Promise<void> {
    await new Promise((done) => setTimeout(done, BATCH_MS));
    while (queue.length > 0) {
      const batch: Waiting[] = [];
      let count = 0;
      while (queue[0] && (batch.length === 0 || count + queue[0].count <= BATCH_ROWS)) {
        const next = queue.shift();
        if (!next) break;
        batch.push(next);
        count += next.count;
      }
      try {
        await store(batch);
        lastError = null;
        for (const waiting of batch) waiting.resolve();
      } catch (error) {
        lastError = {
          since: lastError?.since ?? new Date(),
          reason: error instanceof Error ? error.message : String(error),
        };
        for (const waiting of batch) waiting.reject(error);
      }
      waitingRows -= count;
      queued.set(waitingRows);
    }
    // In the same turn as the check above: a request that comes later starts a drain of its own.
    working = null;
  }

  async function store(batch: readonly Waiting[]): Promise<void> {
    const tables = new Map<string, object[]>();
    for (const waiting of batch)
      for (const { table, rows } of waiting.tables) {
        const all = tables.get(table) ?? [];
        for (const row of rows) all.push(row);
        tables.set(table, all);
      }
    for (const [table, rows] of tables) await engine.insert(table, rows);
  }

  const excerpt = (record: unknown): string => (JSON.stringify(record) ?? '').slice(0, 2000);

  function rejectRows(
    endpoint: string,
    rejects: readonly { position: number; reason: string }[],
    records: readonly unknown[],
  ) {
    if (rejects.length > 0) rejected.inc({ kind: endpoint, reason: 'record' }, rejects.length);
    const rows = rejects
      .slice(0, 1000)
      .map((reject) => ({ ...reject, endpoint, record: excerpt(records[reject.position]) }));
    return rows.length > 0 ? [{ table: 'xray.ingest_rejects', rows }] : [];
  }

  /** Counts what became of `total` records, and says it. */
  function report(kind: string, total: number, decoded: DecodedRay): IngestReportWire {
    const ignored = Object.values(decoded.ignored).reduce((sum, count) => sum + count, 0);
    for (const [type, count] of Object.entries(decoded.ignored))
      ignoredTotal.inc({ kind, type: type.slice(0, 60) }, count);
    const taken = total - ignored - decoded.rejects.length;
    accepted.inc({ kind }, taken);
    return {
      accepted: taken,
      ignored,
      rejected: decoded.rejects.length,
      rejects: decoded.rejects.slice(0, REJECTS_SHOWN),
    };
  }

  function listOf(value: unknown): readonly unknown[] {
    const list = Array.isArray(value) ? value : [value];
    if (list.length > config.limits.records)
      throw new ProblemError(
        'too-large',
        `the body has ${list.length} records, the limit is ${config.limits.records}: send smaller batches`,
      );
    return list;
  }

  return {
    async rayEvents(body) {
      const all = listOf(await parseJson(await readBody(body, config.limits), config.limits));
      const decoded = decodeRayEvents(all, body.cluster);
      await enqueue([...rayRows(decoded.facts), ...rejectRows('ray-events', decoded.rejects, all)]);
      heard.events = new Date();
      return report('ray-events', all.length, decoded);
    },
    async rayTimeline(body) {
      const bytes = await readBody(body, config.limits);
      const all = listOf(await parseJson(bytes, config.limits));
      const session = body.session ?? importedSession(bytes);
      const decoded = decodeTimeline(all, {
        session,
        cluster: body.cluster,
        jobId: body.job,
        isImported: session.startsWith(IMPORTED_SESSION),
      });
      const admitted = decoded.completeness.map(({ jobId, truncated, reason }) => ({
        session,
        job_id: jobId,
        source: 'timeline',
        truncated: truncated ? 1 : 0,
        reason,
      }));
      await enqueue([
        ...rayRows(decoded.facts),
        ...(admitted.length > 0 ? [{ table: 'xray.ray_completeness', rows: admitted }] : []),
        ...rejectRows('ray-timeline', decoded.rejects, all),
      ]);
      return report('ray-timeline', all.length, decoded);
    },
    async traces(body) {
      const bytes = await readBody(body, config.limits);
      const decoded = await decodeOtlp(bytes, body.contentType, (raw) => parseJson(raw, config.limits)).catch(
        (error: unknown) => {
          if (error instanceof Error && 'problem' in error) throw error;
          throw new ProblemError('invalid-body', `the body is no OTLP trace request: ${String(error)}`);
        },
      );
      await enqueue(
        [
          { table: 'xray.otel_traces', rows: spanRows(decoded.spans) },
          ...rejectRows('otlp', decoded.rejects, []),
        ].filter((entry) => entry.rows.length > 0),
      );
      heard.otlp = new Date();
      accepted.inc({ kind: 'spans' }, decoded.spans.length);
      const firstReject = decoded.rejects[0];
      return {
        acceptedSpans: decoded.spans.length,
        rejectedSpans: decoded.rejects.length,
        reason: firstReject ? `span ${firstReject.position}: ${firstReject.reason}` : '',
      };
    },
    async rayFacts(facts) {
      await enqueue(rayRows(facts));
    },
    health() {
      const of = (
        id: string,
        kind: SourceHealthWire['kind'],
        last: Date | null,
        whatToDo: string,
      ): SourceHealthWire => ({
        id,
        kind,
        cluster: null,
        state: lastError ? 'degraded' : last ? 'up' : 'waiting',
        since: (lastError?.since ?? last ?? started).toISOString(),
        lastSuccess: last?.toISOString() ?? null,
        reason: lastError?.reason ?? null,
        whatToDo: last ? null : whatToDo,
        url: null,
        details: { queueRows: waitingRows },
      });
      return [
        of('ingest:otlp', 'otlp', heard.otlp, 'set OTEL_EXPORTER_OTLP_TRACES_ENDPOINT to /v1/traces of this X-Ray'),
        of(
          'ingest:ray-events',
          'ray-events',
          heard.events,
          'set RAY_DASHBOARD_AGGREGATOR_AGENT_EVENTS_EXPORT_ADDR to /v1/events of this X-Ray',
        ),
      ];
    },
    async close() {
      closed = true;
      while (working) await working;
    },
  };
}
