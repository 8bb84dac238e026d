/**
 * SYNTHETIC: a Ray dashboard and a Prometheus in one process that lie as they are told: `node liar.ts` prints `ready PORT`; GET
 * `/__mode?m=` says how. What says nothing of itself is an honest, empty answer.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

const GIB = 1024 ** 3;
let mode = 'honest';
/** Answers of the wildest modes are made once. */
const made = new Map<string, Buffer>();
const once = (name: string, make: () => string): Buffer => {
  const known = made.get(name) ?? Buffer.from(make());
  made.set(name, known);
  return known;
};

const send = (response: ServerResponse, status: number, body: string | Uint8Array, headers = {}): void => {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
};

async function stream(response: ServerResponse, piece: Buffer, total: number, pauseMs: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  for (let sent = 0; sent < total && !response.destroyed; sent += piece.length) {
    if (!response.write(piece))
      await new Promise<void>((done) => {
        response.once('drain', done);
        response.once('close', done);
      });
    if (pauseMs > 0) await sleep(pauseMs);
  }
  response.end();
}

/** What every address answers in this mode; null where the mode is about one kind of address only. */
function everywhere(response: ServerResponse): Promise<void> | true | null {
  switch (mode) {
    case 'slow':
      return sleep(30_000).then(() => send(response, 200, '{}'));
    case 'html':
      send(response, 200, '<html><script>alert(1)</script><h1>Sign in</h1></html>', { 'content-type': 'text/html' });
      return true;
    case 'half':
      send(response, 200, '{"status":"success","data":{"resultType":"vec');
      return true;
    case 'error-200':
      send(
        response,
        200,
        JSON.stringify({
          status: 'error',
          errorType: 'bad_data',
          error: '<img src=x> boom',
          result: false,
          msg: '<img src=x>',
        }),
      );
      return true;
    case 'error-500':
      send(response, 500, 'Traceback: password=hunter2 <b>x</b>', { 'content-type': 'text/plain' });
      return true;
    case 'redirect':
      send(response, 302, '', { location: 'http://127.0.0.1:9/elsewhere' });
      return true;
    case 'redirect-loop':
      send(response, 302, '', { location: '/api/v1/query' });
      return true;
    case 'endless':
      return stream(response, Buffer.alloc(1_100_000, '"aaaaaaaa",'), 10 * GIB, 0);
    case 'drip':
      return stream(response, Buffer.from('"a",'), GIB, 1000);
    case 'reset':
      response.socket?.destroy();
      return true;
    case 'garbage':
      response.socket?.end('\0\xff\xfe garbage\r\n\r\n', 'latin1');
      return true;
    case 'big-header':
      send(response, 200, '{}', { x: 'a'.repeat(100_000) });
      return true;
    case 'short-length':
      response.writeHead(200, { 'content-length': 1000 });
      response.write('{', () => response.socket?.destroy());
      return true;
    case 'gzip-bomb':
      // 1 GB of zeros in 1 MB.
      send(response, 200, bomb(), { 'content-encoding': 'gzip' });
      return true;
    case 'not-gzip':
      send(response, 200, '{"status":"success"}', { 'content-encoding': 'gzip' });
      return true;
    case 'null':
      send(response, 200, 'null');
      return true;
    case 'deep':
      send(
        response,
        200,
        once('deep', () => '['.repeat(5_000_000)),
      );
      return true;
    case 'deep-object':
      send(
        response,
        200,
        once('deep-object', () => '{"data":'.repeat(2_000_000)),
      );
      return true;
    default:
      return null;
  }
}

/** Gzip members of a gigabyte together, one after another. */
const bomb = (): Buffer => {
  const known =
    made.get('bomb') ?? Buffer.concat(Array.from({ length: 64 }, () => gzipSync(Buffer.alloc(16 * 1024 ** 2))));
  made.set('bomb', known);
  return known;
};

/** Honest text under another content type, in pieces of 7 bytes. */
async function inPieces(response: ServerResponse, body: string | Uint8Array, type: string): Promise<void> {
  response.writeHead(200, { 'content-type': type });
  const bytes = Buffer.from(body);
  for (let at = 0; at < bytes.length; at += 7) {
    response.write(bytes.subarray(at, at + 7));
    await new Promise((turn) => setImmediate(turn));
  }
  response.end();
}

const hex = (number: number, length: number): string => number.toString(16).padStart(length, '0');
const listing = (rows: readonly string[], total: number | string = rows.length): string =>
  `{"result":true,"msg":"","data":{"result":{"total":${total},"num_after_truncation":${total},"num_filtered":${total},"partial_failure_warning":"","warnings":null,"result":[${rows.join(',')}]}}}`;
const MS = Date.now() - 600_000;
/** A report of the memory monitor that is costly to read: many beginnings of workers on one line. */
const OOM_REPORT = `Memory on the node (IP: 1.2.3.4) ${'(Task: '.repeat(9000)}`;
const killed = (i: number): string =>
  task(i)
    .replace('"state":"FINISHED"', `"error_message":"${OOM_REPORT}","state":"FAILED"`)
    .replace('"FINISHED"', '"FAILED"');
const task = (i: number): string =>
  `{"task_id":"${hex(i + 1, 40)}01000000","attempt_number":0,"job_id":"01000000","name":"synthetic","type":"NORMAL_TASK","func_or_class_name":"synthetic","state":"FINISHED","node_id":"${hex(1, 56)}","worker_id":"${hex(2, 56)}","worker_pid":1,"events":[{"state":"RUNNING","created_ms":${MS}},{"state":"FINISHED","created_ms":${MS + 1000}}]}`;
const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

function rayList(path: string): string | Buffer {
  if (path === '/api/v0/tasks') {
    if (mode === 'tasks-1m') return once('tasks-1m', () => listing(many(1_000_000, task)));
    if (mode === 'tasks-300k') return once('tasks-300k', () => listing(many(300_000, task)));
    if (mode === 'oom-reports') return once('oom-reports', () => listing(many(1_000, killed)));
    if (mode === 'not-numbers') return listing(['{"task_id":"x","attempt_number":NaN}'], 'NaN');
    return listing(many(3, task));
  }
  if (path === '/api/v0/placement_groups' && mode === 'placement-groups')
    return once('placement-groups', () =>
      listing(
        many(
          100_000,
          (i) =>
            `{"placement_group_id":"${hex(i + 1, 36)}","name":"synthetic-${i}","creator_job_id":"01000000","state":"CREATED","bundles":[{"bundle_id":"0","node_id":"${hex(1, 56)}","unit_resources":{"CPU":1.0}}]}`,
        ),
      ),
    );
  if (path === '/api/v0/actors' && mode === 'actors')
    return once('actors', () =>
      listing(
        many(
          100_000,
          (i) =>
            `{"actor_id":"${hex(i + 1, 24)}01000000","class_name":"Synthetic${i}","state":"ALIVE","job_id":"01000000","name":"","node_id":"${hex(1, 56)}","pid":1,"ray_namespace":"x"}`,
        ),
      ),
    );
  if (path === '/api/v0/nodes' && mode === 'nodes')
    return once('nodes', () =>
      listing(
        many(
          100_000,
          (i) =>
            `{"node_id":"${hex(i + 1, 56)}","node_ip":"10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}","is_head_node":false,"state":"ALIVE","node_name":"synthetic-${i}","resources_total":{"CPU":1.0},"labels":{}}`,
        ),
      ),
    );
  return listing([]);
}

const rayJob = (i: number): string =>
  `{"type":"SUBMISSION","job_id":"${hex(i + 1, 8)}","submission_id":"raysubmit_synthetic_${i}","driver_info":{"id":"${hex(i + 1, 8)}","node_ip_address":"127.0.0.1","pid":"1"},"status":"RUNNING","entrypoint":"python x.py","message":"","start_time":${MS},"end_time":0,"metadata":{},"runtime_env":{}}`;

function rayLog(): string | Buffer {
  if (mode === 'big-log')
    return once(
      'big-log',
      () => `{"logs":"${'\\u001b[31mred line <script>alert(1)</script> 0123456789\\n'.repeat(1_500_000)}"}`,
    );
  if (mode === 'one-line') return once('one-line', () => `{"logs":"${'x'.repeat(100_000_000)}"}`);
  if (mode === 'escapes') return once('escapes', () => `{"logs":"${'\\u001b]'.repeat(5_000_000)}"}`);
  return '{"logs":"synthetic\\n"}';
}

/** Series of a vector: label sets and the value. */
function series(): readonly [Readonly<Record<string, string>>, string][] {
  const one = { __name__: 'ray_node_mem_total', SessionName: 'session_synthetic_liar', ip: '192.0.2.1' };
  if (mode === 'duplicates') return many(50, () => [{ ...one, instance: 'i' }, '1']);
  if (mode === 'not-numbers') return ['NaN', '+Inf', '-Inf', '', '1e999', 'abc', '0x10'].map((value) => [one, value]);
  if (mode === 'prototype')
    return [[JSON.parse('{"__proto__":"x","constructor":"y","ip":"__proto__","SessionName":"__proto__"}'), '5']];
  if (mode === 'many-series')
    return many(200_000, (i) => [
      { ...one, ip: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, GpuIndex: String(i) },
      '5',
    ]);
  if (mode === 'many-sessions') return many(100_000, (i) => [{ ...one, SessionName: `session_synthetic_${i}` }, '5']);
  if (mode === 'long-label') return [[{ ...one, long: 'x'.repeat(100_000_000) }, '5']];
  if (mode === 'chunks' || mode === 'content-type') return many(5, (i) => [{ ...one, ip: `192.0.2.${i}` }, '5']);
  if (mode === 'many-labels') return [[Object.fromEntries(many(100_000, (i) => [`l${i}`, 'x'])), '5']];
  return [];
}

const rule = (i: number, alerts: string): string =>
  `{"type":"alerting","name":"Synthetic${i}","query":"up == ${i}","duration":0,"labels":{"severity":"critical"},"annotations":{"summary":"synthetic"},"alerts":[${alerts}],"health":"ok","state":"firing","lastEvaluation":"2026-11-30T00:00:00Z","evaluationTime":0.1}`;
const alert = (i: number): string =>
  `{"labels":{"alertname":"Synthetic0","severity":"critical","node":"synthetic-${i}","cluster":"synthetic"},"annotations":{"summary":"synthetic ${i}"},"state":"firing","activeAt":"2026-11-30T00:00:00Z","value":"1e+00"}`;
const rules = (list: readonly string[]): string =>
  `{"status":"success","data":{"groups":[{"name":"synthetic","file":"/f","interval":5,"rules":[${list.join(',')}]}]}}`;

function prometheus(path: string, form: URLSearchParams): string | Buffer {
  const now = Date.now() / 1000 + (mode === 'clock' ? 86_400 * 365 : mode === 'clock-behind' ? -86_400 * 365 : 0);
  if (path === '/api/v1/query' && form.get('query') === 'vector(1)')
    return `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[${now},"1"]}]}}`;
  if (path === '/api/v1/query')
    return JSON.stringify({
      status: 'success',
      data: { resultType: 'vector', result: series().map(([metric, value]) => ({ metric, value: [now, value] })) },
    });
  if (path === '/api/v1/query_range') {
    const start = Number(form.get('start') ?? now - 60);
    const result = series().map(([metric, value]) => ({
      metric,
      values: [
        [start, value],
        [start, value],
        [now, value],
      ],
    }));
    return JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } });
  }
  if (path === '/api/v1/rules') {
    if (mode === 'many-alerts') return once('many-alerts', () => rules([rule(0, many(100_000, alert).join(','))]));
    if (mode === 'many-rules') return once('many-rules', () => rules(many(100_000, (i) => rule(i, ''))));
    return rules([rule(0, alert(0))]);
  }
  if (path === '/api/v1/alerts') return '{"status":"success","data":{"alerts":[]}}';
  if (path === '/api/v1/status/buildinfo') return '{"status":"success","data":{"version":"2.53.0"}}';
  return '{"status":"success","data":[]}';
}

async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(message.url ?? '/', 'http://127.0.0.1');
  let text = '';
  for await (const chunk of message as AsyncIterable<Buffer>) text += chunk.toString();
  if (url.pathname === '/__mode') {
    mode = url.searchParams.get('m') ?? 'honest';
    return send(response, 200, 'ok');
  }
  const lie = everywhere(response);
  if (lie !== null) return lie === true ? undefined : lie;
  const path = url.pathname;
  if (path === '/api/version')
    return send(
      response,
      200,
      '{"version":"4","ray_version":"2.58.0","ray_commit":"x","session_name":"session_synthetic_liar"}',
    );
  if (/^\/api\/jobs\/?$/.test(path))
    return send(
      response,
      200,
      mode === 'jobs' ? once('jobs', () => `[${many(100_000, rayJob).join(',')}]`) : `[${rayJob(0)}]`,
    );
  if (path.endsWith('/logs')) return send(response, 200, rayLog());
  if (path === '/api/v0/logs/file')
    return send(
      response,
      200,
      mode === 'big-log' ? once('file', () => `${'y'.repeat(60)}\n`.repeat(1_600_000)) : 'log\n',
      { 'content-type': 'text/plain' },
    );
  if (path.startsWith('/api/v0/')) return send(response, 200, rayList(path));
  const said = prometheus(path, text === '' ? url.searchParams : new URLSearchParams(text));
  if (mode === 'chunks') return inPieces(response, said, 'application/json');
  if (mode === 'content-type') return inPieces(response, said, 'image/png');
  send(response, 200, said);
}

const server = createServer((message, response) => void answer(message, response).catch(() => response.destroy()));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address) console.log(`ready ${address.port}`);
});
process.stdin.on('end', () => process.exit(0)).resume();
