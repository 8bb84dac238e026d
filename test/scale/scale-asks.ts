/**
 * Every GET route of app/, read from the file system so that a new one is asked too, with the names of what very many were
 * sent of: once as a page asks, once with every limit at its most.
 */
import {
  BEGIN_MS,
  MANY_SESSIONS_CLUSTER,
  nodeId,
  SCALE_CLUSTER,
  SCALE_JOBS,
  SCALE_SESSION,
  taskId,
} from './ray-bodies.ts';
import { routeFiles } from './route-files.ts';
import { SCALE_COMMUNICATORS, SCALE_TRACES } from './span-bodies.ts';

/** Routes that answer GET. */
export const getRoutes = (): readonly string[] =>
  routeFiles()
    .filter(({ methods }) => methods.includes('GET'))
    .map(({ path }) => path);

const [from, to] = [String(BEGIN_MS - 60_000), String(BEGIN_MS + 7_200_000)];
/** What a route is asked with: as a page does, then with as much as it takes. Routes that are not here take no parameter. */
const QUERIES: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>> = {
  '/api/jobs': [{}, { limit: '1000', internal: 'true' }, { status: 'SUCCEEDED' }],
  '/api/clusters/{cluster}/usage': [{ from, to, points: '2000' }],
  '/api/jobs/{jobId}/tasks': [{}, { limit: '10000' }, { state: 'FAILED' }],
  '/api/jobs/{jobId}/timeline': [{}, { limit: '200000', phases: 'true' }],
  '/api/jobs/{jobId}/timeline/tile': [
    { from, to, resolution: '30' },
    { from, to, resolution: '33', exact: 'true', all: 'true' },
  ],
  '/api/jobs/{jobId}/timeline/first-tile': [{ pixels: '1280' }],
  '/api/jobs/{jobId}/timeline/first-picture': [{ width: '1280', windowHeight: '900' }],
  '/api/jobs/{jobId}/timeline/slices': [{}, { limit: '1000', sort: 'longest' }],
  '/api/jobs/{jobId}/timeline/sums': [{}, { limit: '5000' }],
  '/api/jobs/{jobId}/phases': [{ from, to, limit: '50000' }],
  '/api/jobs/{jobId}/strips': [{ from, to, points: '2000' }],
  '/api/jobs/{jobId}/logs': [{}, { tail: '50000' }],
  '/api/attempts': [
    { from, to, limit: '1000' },
    { from, to, node: nodeId(0), cluster: SCALE_CLUSTER },
  ],
  '/api/memory/heatmap': [
    { from, to, bins: '4000' },
    { from, to, by: 'gpu' },
  ],
  '/api/memory/oom': [{}, { from, to }, { session: SCALE_SESSION }],
  '/api/collectives': [
    { from, to },
    { from, to, points: '4000' },
  ],
  '/api/collectives/ranks': Object.values(SCALE_COMMUNICATORS).flatMap((name) => [
    { communicator: `spans:${name}`, from, to },
    { communicator: `spans:${name}`, from, to, points: '2000' },
  ]),
  '/api/traces': [{}, { limit: '1000' }, { attributes: 'synthetic.key.1=value 1' }, { name: 'synthetic' }],
  '/api/traces/{traceId}': [{}, { limit: '100000' }],
  '/api/traces/{traceId}/found': [{ text: 'synthetic' }, { text: 'synthetic.key.7=value 7' }],
};

/** Names in paths, by kind (ray-bodies.ts, span-bodies.ts). */
const job = (jobId: string, task = 0) => ({ jobId, taskId: taskId(task, jobId) });
const trace = (traceId: string) => ({ traceId, spanId: '0000000000000001' });
const NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  nodes: { cluster: SCALE_CLUSTER },
  'nodes-of-one-host': { cluster: `${SCALE_CLUSTER}-one-host` },
  jobs: { cluster: SCALE_CLUSTER, jobId: '00000001' },
  actors: { cluster: SCALE_CLUSTER, jobId: SCALE_JOBS.actors },
  functions: { cluster: SCALE_CLUSTER, ...job(SCALE_JOBS.functions) },
  attempts: { cluster: SCALE_CLUSTER, ...job(SCALE_JOBS.attempts) },
  states: job(SCALE_JOBS.states),
  overlap: job(SCALE_JOBS.overlap),
  kills: { cluster: SCALE_CLUSTER },
  clusters: { cluster: 'session_synthetic_cluster_7' },
  sessions: { cluster: MANY_SESSIONS_CLUSTER },
  chain: trace(SCALE_TRACES.chain),
  cycle: trace(SCALE_TRACES.cycle),
  wide: trace(SCALE_TRACES.wide),
  attributes: trace(SCALE_TRACES.attributes),
  events: trace(SCALE_TRACES.events),
  links: trace(SCALE_TRACES.links),
};

const namesIn = (path: string): readonly string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

function addresses(path: string, names: Readonly<Record<string, string>>): readonly string[] {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(names[name] ?? ''));
  return (QUERIES[path] ?? [{}]).map((query) => {
    const text = new URLSearchParams(query).toString();
    return text === '' ? filled : `${filled}?${text}`;
  });
}

/** Addresses of everything that can show what was sent of one kind: what names it, and all that names nothing. */
export function scaleAsks(kind: string): readonly string[] {
  const names = NAMES[kind];
  if (names === undefined) throw new Error(`nothing is known of "${kind}"`);
  return getRoutes()
    .filter((path) => namesIn(path).every((name) => name in names))
    .flatMap((path) => addresses(path, names));
}
