/**
 * Ingest: bounded, batched, acknowledged only when it is in the store. Bodies are parsed by body-parser.ts (big ones off
 * the event loop), rows go through write-queue.ts. When more rows wait than the limit, requests are refused with 429 and
 * Retry-After, and counted.
 */
import { Counter, Gauge } from 'prom-client';
import type { SourceHealthWire } from '../../contract/health.ts';
import type { IngestReportWire } from '../../contract/ingest.ts';
import type { SessionSighting } from '../../model/task.ts';
import type { Engine } from '../../store/engine.ts';
import { rayRows } from '../../store/insert-ray.ts';
import type { Config } from '../config.ts';
import { ProblemError } from '../problem.ts';
import type { Telemetry } from '../telemetry.ts';
import { readBody } from './body.ts';
import { createBodyParser } from './body-parser.ts';
import type { Ingest, IngestBody, TimelineBody } from './ingest.ts';
import type { ParsedBody, ParseJob, TableRows } from './parse-body.ts';
import { createWriteQueue, encodeInSlices, type Lost } from './write-queue.ts';

const REJECTS_SHOWN = 10;
/** "Last heard" of a session is written again when it is this much newer: else every body would pay an insert for it. */
const SIGHTING_MS = 1_000;
/** Event types of 2.58 that say nothing X-Ray keeps; any other text is counted as `other`, for metrics are for ever. */
const KNOWN_IGNORED = new Set([
  'PLACEMENT_GROUP_DEFINITION_EVENT',
  'PLACEMENT_GROUP_LIFECYCLE_EVENT',
  'SUBMISSION_JOB_DEFINITION_EVENT',
  'SUBMISSION_JOB_LIFECYCLE_EVENT',
  'PLATFORM_EVENT',
]);

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

  const queue = createWriteQueue(engine, config.limits.queueRows, (rows) => queued.set(rows));
  const parser = createBodyParser();
  /** Sessions that send events, and `<session>/<job>` of jobs whose drivers do. */
  const exporters = new Set<string>();
  const heard = { otlp: null as Date | null, events: null as Date | null };
  const started = new Date();

  async function add(tables: readonly TableRows[], endpoint: string): Promise<readonly Lost[]> {
    try {
      const lost = await queue.add(tables);
      for (const { rows } of lost) rejected.inc({ kind: endpoint, reason: 'store' }, rows);
      return lost;
    } catch (error) {
      if (error instanceof ProblemError) rejected.inc({ kind: 'request', reason: error.problem.code });
      throw error;
    }
  }

  /** Newest time written, by session and the cluster name given with it. */
  const seen = new Map<string, number>();

  async function store(parsed: ParsedBody, endpoint: string): Promise<readonly Lost[]> {
    const news = parsed.sightings.filter((sighting) => {
      const before = seen.get(sightingKey(sighting));
      return before === undefined || sighting.seen >= before + SIGHTING_MS;
    });
    const sightings = rayRows({ sightings: news });
    const tables = await Promise.all(sightings.map(({ table, rows }) => encodeInSlices(table, rows)));
    const lost = await add([...parsed.tables, ...tables], endpoint);
    if (seen.size > 10_000) seen.clear();
    for (const sighting of news) seen.set(sightingKey(sighting), sighting.seen);
    if (parsed.rejected > 0) rejected.inc({ kind: endpoint, reason: 'record' }, parsed.rejected);
    return lost;
  }

  async function parse(kind: ParseJob['kind'], body: IngestBody | TimelineBody): Promise<ParsedBody> {
    try {
      const bytes = await readBody(body, config.limits);
      const { contentType, cluster } = body;
      const told = 'session' in body ? { session: body.session, job: body.job } : {};
      return await parser.parse({ kind, bytes, contentType, cluster, ...told, limits: config.limits });
    } catch (error) {
      if (error instanceof ProblemError) rejected.inc({ kind: 'request', reason: error.problem.code });
      throw error;
    }
  }

  /** Stores what was parsed and says what became of its records. */
  async function keep(kind: 'ray-events' | 'ray-timeline', body: IngestBody | TimelineBody): Promise<IngestReportWire> {
    const parsed = await parse(kind, body);
    const lost = await store(parsed, kind);
    for (const name of parsed.exporters) exporters.add(name);
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
    };
  }

  return {
    async rayEvents(body) {
      const report = await keep('ray-events', body);
      heard.events = new Date();
      return report;
    },
    rayTimeline: (body) => keep('ray-timeline', body),
    async traces(body) {
      const parsed = await parse('otlp', body);
      const lost = await store(parsed, 'otlp');
      heard.otlp = new Date();
      const lostSpans = lost.filter((one) => one.table === 'xray.otel_traces').reduce((sum, one) => sum + one.rows, 0);
      accepted.inc({ kind: 'spans' }, parsed.accepted - lostSpans);
      const [first] = parsed.rejects;
      return {
        acceptedSpans: parsed.accepted - lostSpans,
        rejectedSpans: parsed.rejected + lostSpans,
        reason: first ? `span ${first.position}: ${first.reason}` : (lost[0]?.reason ?? ''),
      };
    },
    async rayFacts(facts) {
      await add(await Promise.all(rayRows(facts).map(({ table, rows }) => encodeInSlices(table, rows))), 'ray-facts');
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
      // First what is being parsed, because it ends in the queue.
      await parser.close();
      await queue.close();
    },
  };
}

const sightingKey = (sighting: SessionSighting): string => `${sighting.session} ${sighting.cluster}`;
