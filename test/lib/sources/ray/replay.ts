/** Serves what a real Ray dashboard answered (test/fixtures/ray/.../http) over real HTTP on loopback. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

const root = new URL('../../../fixtures/ray/2.58.0/', import.meta.url);

/** Text of a recorded file, gzipped or not; null where it was not recorded. */
function recordedText(scenario: string, file: string): string | null {
  const plain = new URL(`${scenario}/http/${file}`, root);
  if (existsSync(plain)) return readFileSync(plain, 'utf8');
  const packed = new URL(`${scenario}/http/${file}.gz`, root);
  return existsSync(packed) ? gunzipSync(readFileSync(packed)).toString() : null;
}

interface Reply {
  readonly status: number;
  readonly body: string;
}

export interface Replay {
  readonly url: string;
  /** Paths with query, in the order they were asked. */
  readonly asked: { readonly path: string; readonly authorization: string | undefined }[];
  /** Which capture is served, and what is answered instead of it. */
  scenario: string;
  phase: 'live' | 'after';
  override: (path: string) => Reply | null;
  readonly close: () => Promise<void>;
}

const FILES: Readonly<Record<string, string>> = {
  '/api/version': 'version.json',
  '/api/jobs/': 'jobs.json',
  '/api/v0/nodes': 'nodes.json',
  '/api/v0/actors': 'actors.json',
  '/api/v0/workers': 'workers.json',
  '/api/v0/placement_groups': 'placement_groups.json',
};

/** Keeps the rows of one job, as Ray's GCS does with a job_id filter. */
function ofJob(text: string, jobId: string): string {
  const answer = JSON.parse(text) as { data: { result: { total: number; result: { job_id: string }[] } } };
  const { result } = answer.data;
  const rows = result.result.filter((row) => row.job_id === jobId);
  const cut = result.total > result.result.length;
  const count = cut ? {} : { total: rows.length, num_after_truncation: rows.length, num_filtered: rows.length };
  return JSON.stringify({ ...answer, data: { result: { ...result, ...count, result: rows } } });
}

function answer(replay: Replay, url: URL): Reply {
  const file = (name: string, status = 200): Reply => {
    const body = recordedText(replay.scenario, `${replay.phase}/${name}`);
    return body === null ? { status: 404, body: '404: Not Found' } : { status, body };
  };
  const named = FILES[url.pathname];
  if (named) return file(named);
  if (url.pathname === '/api/v0/tasks') {
    const values = url.searchParams.getAll('filter_values');
    const keys = url.searchParams.getAll('filter_keys');
    const jobId = values[keys.indexOf('job_id')];
    const state = values[keys.indexOf('state')];
    const all =
      state === 'FAILED'
        ? file('tasks_filtered_failed.json')
        : state
          ? { status: 200, body: EMPTY }
          : file('tasks.json');
    return all.status === 200 && jobId ? { status: 200, body: ofJob(all.body, jobId) } : all;
  }
  const log = /^\/api\/jobs\/([^/]+)\/logs$/.exec(url.pathname);
  if (log) {
    const text = recordedText(replay.scenario, `${replay.phase}/job_${log[1]}_logs.json`);
    return text === null ? { status: 404, body: `Job ${log[1]} does not exist` } : { status: 200, body: text };
  }
  return { status: 404, body: '404: Not Found' };
}
const EMPTY = JSON.stringify({
  result: true,
  msg: '',
  data: { result: { total: 0, num_after_truncation: 0, num_filtered: 0, result: [] } },
});

export async function replayRay(scenario: string, phase: Replay['phase'] = 'after'): Promise<Replay> {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    replay.asked.push({ path, authorization: request.headers.authorization });
    const reply = replay.override(path) ?? answer(replay, new URL(path, 'http://ray'));
    response.writeHead(reply.status, { 'content-type': 'application/json' });
    response.end(reply.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const replay: Replay = {
    url: `http://127.0.0.1:${port}`,
    asked: [],
    scenario,
    phase,
    override: () => null,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return replay;
}
