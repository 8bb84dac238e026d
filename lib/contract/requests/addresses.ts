/**
 * Where the routes of the HTTP API that pages ask stand: path and names of the parameters, without a schema, so that a page brings
 * no zod to the browser. Each contract is defined on its address; test/lib/contract/requests/addresses.test.ts compares the names with the schema's.
 */

export interface RouteAddress<Path extends string = string> {
  /** With parameters in braces: `/api/jobs/{jobId}`. */
  readonly path: Path;
  /** Of the path and the query string, in the order in which they stand in an address. */
  readonly parameters: readonly string[];
}

const at = <Path extends string>(path: Path, ...parameters: readonly string[]): RouteAddress<Path> => ({
  path,
  parameters,
});

const which = ['cluster', 'session'];
const oneJob = ['jobId', ...which];
const timeWindow = ['from', 'to'];
const sliceFilter = ['function', 'state', 'longer', 'shorter', 'text', 'node', 'actor'];

export const healthAddress = at('/api/health');
export const alertsAddress = at('/api/alerts', 'cluster', 'state');
export const alertAddress = at('/api/alerts/{fingerprint}', 'fingerprint');
export const clustersAddress = at('/api/clusters');
export const clusterAddress = at('/api/clusters/{cluster}', ...which, 'actorState');
export const clusterUsageAddress = at('/api/clusters/{cluster}/usage', ...which, ...timeWindow, 'points');
export const collectivesAddress = at('/api/collectives', ...which, ...timeWindow, 'points');
export const ranksAddress = at(
  '/api/collectives/ranks',
  'communicator',
  'collective',
  'messageSize',
  ...which,
  ...timeWindow,
  'points',
);
export const heatmapAddress = at('/api/memory/heatmap', 'by', ...which, ...timeWindow, 'bins');
export const oomAddress = at('/api/memory/oom', 'job', ...which, ...timeWindow);
export const sharesAddress = at('/api/shares');
export const shareAddress = at('/api/shares/{token}', 'token');

export const jobsAddress = at('/api/jobs', ...which, 'status', 'internal', 'limit', 'cursor');
export const jobAddress = at('/api/jobs/{jobId}', ...oneJob);
export const tasksSummaryAddress = at('/api/jobs/{jobId}/tasks/summary', ...oneJob);
export const slowNodesAddress = at('/api/jobs/{jobId}/slow-nodes', ...oneJob);
export const tasksAddress = at(
  '/api/jobs/{jobId}/tasks',
  ...oneJob,
  'function',
  'state',
  'node',
  'worker',
  'limit',
  'cursor',
);
export const taskAddress = at('/api/jobs/{jobId}/tasks/{taskId}', ...oneJob, 'taskId');
export const logsAddress = at('/api/jobs/{jobId}/logs', ...oneJob, 'taskId', 'attempt', 'stream', 'tail');
export const ranThenAddress = at('/api/attempts', ...which, 'node', 'worker', 'function', ...timeWindow, 'limit');
export const phasesAddress = at('/api/jobs/{jobId}/phases', ...oneJob, ...timeWindow, 'limit');
export const stripsAddress = at('/api/jobs/{jobId}/strips', ...oneJob, ...timeWindow, 'points');

export const timelineAddress = at(
  '/api/jobs/{jobId}/timeline',
  ...oneJob,
  'function',
  'state',
  'phases',
  ...timeWindow,
  'limit',
);
export const timelineLanesAddress = at('/api/jobs/{jobId}/timeline/lanes', ...oneJob, ...sliceFilter, 'order');
export const timelineTileAddress = at(
  '/api/jobs/{jobId}/timeline/tile',
  ...oneJob,
  ...sliceFilter,
  ...timeWindow,
  'resolution',
  'lanes',
  'nodes',
  'all',
  'exact',
  'version',
);
export const timelineFirstPictureAddress = at(
  '/api/jobs/{jobId}/timeline/first-picture',
  ...oneJob,
  'width',
  'windowHeight',
  'scale',
  'theme',
);
export const timelineSlicesAddress = at(
  '/api/jobs/{jobId}/timeline/slices',
  ...oneJob,
  ...sliceFilter,
  'lane',
  ...timeWindow,
  'startFrom',
  'startTo',
  'sort',
  'offset',
  'limit',
);
export const timelineSumsAddress = at(
  '/api/jobs/{jobId}/timeline/sums',
  ...oneJob,
  ...sliceFilter,
  ...timeWindow,
  'version',
  'limit',
);

export const tracesAddress = at(
  '/api/traces',
  'service',
  'name',
  'attributes',
  'minDurationMs',
  'maxDurationMs',
  'errors',
  ...timeWindow,
  'limit',
  'cursor',
);
export const traceAddress = at('/api/traces/{traceId}', 'traceId', 'limit');
export const traceSizeAddress = at('/api/traces/{traceId}/size', 'traceId');
export const traceColumnsAddress = at('/api/traces/{traceId}/spans', 'traceId', 'limit');
export const spanAddress = at('/api/traces/{traceId}/spans/{spanId}', 'traceId', 'spanId');
export const traceFoundAddress = at('/api/traces/{traceId}/found', 'traceId', 'text');
