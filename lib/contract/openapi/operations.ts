/** Every operation of the HTTP API with the sentence that says what it answers: what the OpenAPI document and its page are made of. */
import type { z } from 'zod';
import { alertRoute, alertsRoute } from '../alerts.ts';
import { clusterRoute, clustersRoute, clusterUsageRoute } from '../clusters.ts';
import { collectivesRoute, ranksRoute } from '../collectives.ts';
import { healthRoute } from '../health.ts';
import { IngestReport } from '../ingest.ts';
import {
  jobRoute,
  jobsRoute,
  logsRoute,
  ranThenRoute,
  slowNodesRoute,
  taskRoute,
  tasksRoute,
  tasksSummaryRoute,
} from '../jobs.ts';
import { heatmapRoute, oomRoute } from '../memory.ts';
import type { RouteContract } from '../route.ts';
import { ShareCreated, ShareRequest, shareRoute, sharesRoute } from '../shares.ts';
import { StoreAction, storeRoute } from '../store.ts';
import { phasesRoute, stripsRoute, timelineRoute } from '../timeline.ts';
import {
  timelineFirstPictureRoute,
  timelineFirstTileRoute,
  timelineLanesRoute,
  timelineSlicesRoute,
  timelineSumsRoute,
  timelineTileRoute,
} from '../timeline-tile.ts';
import { spanRoute, traceColumnsRoute, traceFoundRoute, traceRoute, traceSizeRoute, tracesRoute } from '../traces.ts';
import { openapiRoute } from './openapi-route.ts';

export interface Operation {
  readonly method: 'get' | 'post' | 'delete';
  /** With parameters in braces. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /** Of its path and query string; null: none. */
  readonly query: z.ZodObject | null;
  /** Of the body that is sent, as JSON; a media type where it is another system's format. */
  readonly body: z.ZodType | readonly string[] | null;
  /** Of a success: its status, and its body as JSON or its media type; null: no body. */
  readonly status: number;
  readonly response: z.ZodType | string | null;
}

const GZIP = 'application/gzip';

function get(tag: string, route: RouteContract<z.ZodObject, z.ZodType>, summary: string, media?: string): Operation {
  const { path, query, response } = route;
  return { method: 'get', path, tag, summary, query, body: null, status: 200, response: media ?? response };
}

/** An operation without a contract of its query. */
const withoutQuery = (
  method: Operation['method'],
  path: string,
  tag: string,
  summary: string,
  more: Pick<Operation, 'body' | 'status' | 'response'>,
): Operation => ({ method, path, tag, summary, query: null, ...more });

export const OPERATIONS: readonly Operation[] = [
  get('health', healthRoute, 'Every source with its state, since when, last success, reason, what to do'),
  get('health', openapiRoute, 'This document'),
  get('store', storeRoute, 'What the store has lost, the clock that retention deletes by, durability'),
  withoutQuery(
    'post',
    '/api/store',
    'store',
    'Checks every part, repairs, accepts what is lost, or confirms the clock',
    {
      body: StoreAction,
      status: 200,
      response: storeRoute.response,
    },
  ),
  get('clusters', clustersRoute, 'Every cluster ever seen: state, owner, nodes, what it uses and wastes, jobs, alerts'),
  get('clusters', clusterRoute, 'One cluster: nodes, actors, placement groups'),
  get('clusters', clusterUsageRoute, 'CPU, GPU, memory and running tasks of a cluster over time'),
  get('jobs', jobsRoute, 'Jobs, newest first'),
  get('jobs', jobRoute, "One job, by Ray's job id or submission id; an ambiguous id is a 409 with choices"),
  get('jobs', tasksSummaryRoute, 'Per function: tasks, attempts, retries, states, errors, durations; completeness'),
  get('jobs', slowNodesRoute, 'Functions that take longer on one node than on the others'),
  get('jobs', tasksRoute, 'Task attempts, page by page'),
  get('jobs', taskRoute, 'Every attempt of one task with states, phases and spans'),
  get('jobs', logsRoute, "Log of the driver or of one attempt; `kept` marks X-Ray's own copy"),
  get('jobs', ranThenRoute, 'What ran on a node or worker in a window, of any job'),
  get('timeline', timelineRoute, 'All attempts in columns, for drawing'),
  get('timeline', timelineLanesRoute, 'Lanes with counts, what runs, how many ended attempts the filter leaves'),
  get('timeline', timelineTileRoute, 'Per lane and bucket the longest slice, count and failures, as a gzip file', GZIP),
  get('timeline', timelineFirstTileRoute, 'The tile that a page of that width asks for first', GZIP),
  get('timeline', timelineFirstPictureRoute, 'A picture of the first tile with its axis', 'image/svg+xml'),
  get('timeline', timelineSlicesRoute, 'Ended attempts behind a tile'),
  get('timeline', timelineSumsRoute, 'What ran in a window by function: count, failures, total, p50, p95, longest'),
  get('timeline', phasesRoute, 'Phases inside attempts'),
  get('timeline', stripsRoute, "CPU, memory and GPU of a job's nodes"),
  get('memory', oomRoute, "Kills by Ray's memory monitor, newest first"),
  get('memory', heatmapRoute, 'Largest use of memory per node or GPU and bin, capacity, kills'),
  get('collectives', collectivesRoute, 'Communicators, their bandwidth, the rank or host that the others wait for'),
  get('collectives', ranksRoute, 'Ranks of one communicator, latest first: time, wait, transfer, bandwidth'),
  get('traces', tracesRoute, 'Traces, newest first'),
  get('traces', traceRoute, 'Spans in full, joined to the Ray tasks that they are'),
  get('traces', traceSizeRoute, 'How many spans a trace has, and a version that changes with them'),
  get('traces', traceColumnsRoute, 'Spans in columns, as a gzip file', GZIP),
  get('traces', spanRoute, 'One span in full'),
  get('traces', traceFoundRoute, 'Spans where a name, a value or key=value is found'),
  get('alerts', alertsRoute, 'Alerts and rules'),
  get('alerts', alertRoute, "One alert's drill-down"),
  get('shares', sharesRoute, 'What can be opened, without tokens'),
  withoutQuery('post', '/api/shares', 'shares', 'Freezes a page behind a secret address', {
    body: ShareRequest,
    status: 201,
    response: ShareCreated,
  }),
  get('shares', shareRoute, 'The frozen answers of a share; 410 once it is closed'),
  withoutQuery('delete', '/api/shares/{token}', 'shares', 'Closes a share, by its token or its id', {
    body: null,
    status: 204,
    response: null,
  }),
  withoutQuery(
    'post',
    '/v1/events',
    'ingest',
    "Ray's event export: a JSON array of RayEvent; `?cluster=` names the cluster",
    {
      body: ['application/json'],
      status: 200,
      response: IngestReport,
    },
  ),
  withoutQuery('post', '/v1/timeline', 'ingest', 'A Ray timeline file; `?cluster=&session=&job=` say what it is of', {
    body: ['application/json'],
    status: 200,
    response: IngestReport,
  }),
  withoutQuery(
    'post',
    '/v1/traces',
    'ingest',
    'OTLP/HTTP; `?import=1` marks a recording. Errors are a google.rpc.Status',
    {
      body: ['application/x-protobuf', 'application/json'],
      status: 200,
      response: 'application/x-protobuf',
    },
  ),
  withoutQuery('get', '/metrics', 'health', "X-Ray's own metrics", { body: null, status: 200, response: 'text/plain' }),
];
