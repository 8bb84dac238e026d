/**
 * Ingest at ten times of what can be stored, for a minute: three greedy senders, which send whether they are answered or
 * not, one small sender, and somebody who looks. Addresses are 127.0.0.x, so each sender has one of its own. Synthetic.
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { attribute, field, protobufRequest } from '../support/otlp-bodies.ts';
import type { Report } from './figure.ts';
import { type BenchServer, startServer } from './server.ts';

const SECONDS = Number(process.env.XRAY_BENCH_OVERLOAD_SECONDS ?? 60);
const TIMES = 10;
const GREEDY = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
const SMALL = '127.0.0.9';
const SPANS_PER_BODY = 500;
const SMALL_SPANS = 20;
/** Requests of one greedy sender that may wait for an answer; beyond, it skips its turn, as an exporter's queue does. */
const AT_ONCE = 60;
const SMALL_EVERY_MS = 500;
const LOOKS = [
  '/api/traces?limit=50',
  '/api/jobs',
  '/api/clusters',
  `/api/collectives?from=${Date.now() - 3_600_000}&to=${Date.now()}`,
  '/',
];
const ATTRIBUTES = Buffer.concat(
  Array.from({ length: 10 }, (_, i) => attribute(Buffer.from(`synthetic.key.${i}`), Buffer.from(`value ${i}`))),
);

interface Sent {
  readonly status: number;
  readonly ms: number;
  readonly retryAfter: boolean;
}

interface Template {
  readonly bytes: Buffer;
  /** Where trace ids stand in it. */
  readonly ids: readonly number[];
}
/** By spans and service: the senders share the server's cores, so what they send is made once. */
const templates = new Map<string, Template>();

function template(spans: number, service: string): Template {
  const known = templates.get(`${spans} ${service}`);
  if (known) return known;
  const request = protobufRequest(spans, ATTRIBUTES, 0);
  const resource = field(
    1,
    field(1, Buffer.concat([field(1, Buffer.from('service.name')), field(2, field(1, Buffer.from(service)))])),
  );
  // The content of the one ResourceSpans, with a resource in front.
  let head = 1;
  while ((request[head] ?? 0) > 127) head += 1;
  const bytes = field(1, Buffer.concat([resource, request.subarray(head + 1)]));
  // Ids count up from 1: the first half of each is zeros.
  const mark = Buffer.concat([Buffer.from([0x0a, 16]), Buffer.alloc(8)]);
  const ids: number[] = [];
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 18)) ids.push(at + 2);
  const made = { bytes, ids };
  templates.set(`${spans} ${service}`, made);
  return made;
}

let traces = 0;
/** Spans of one trace of its own. */
function body(spans: number, service: string): Buffer {
  traces += 1;
  const id = Buffer.alloc(16);
  id.writeUInt32BE(traces, 0);
  id.writeUInt32BE(traces, 12);
  const { bytes, ids } = template(spans, service);
  const copy = Buffer.from(bytes);
  for (const at of ids) id.copy(copy, at);
  return copy;
}

function post(server: BenchServer, agent: Agent, address: string, bytes: Uint8Array): Promise<Sent> {
  const began = performance.now();
  return new Promise((resolve) => {
    const failed = (): void => resolve({ status: 0, ms: performance.now() - began, retryAfter: false });
    const sent = request(
      `${server.base}/v1/traces`,
      {
        agent,
        method: 'POST',
        localAddress: address,
        headers: { 'content-type': 'application/x-protobuf', 'content-length': bytes.byteLength },
        timeout: 60_000,
      },
      (response) => {
        response.resume();
        response.on('error', failed);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            ms: performance.now() - began,
            retryAfter: Number(response.headers['retry-after']) > 0,
          }),
        );
      },
    );
    sent.on('timeout', () => sent.destroy());
    sent.on('error', failed);
    sent.end(bytes);
  });
}

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;

/** Bodies per second that are stored when as many as are stored are sent. */
async function storedPerSecond(server: BenchServer): Promise<number> {
  const agent = new Agent({ keepAlive: true });
  let stored = 0;
  const began = performance.now();
  const send = async (): Promise<void> => {
    while (performance.now() - began < 8_000)
      if ((await post(server, agent, '127.0.0.5', body(SPANS_PER_BODY, 'baseline'))).status === 200) stored += 1;
  };
  await Promise.all([send(), send(), send(), send()]);
  agent.destroy();
  return (stored * 1000) / (performance.now() - began);
}

export async function run(report: Report): Promise<void> {
  const server = await startServer({ XRAY_DEMO: '0', PROMETHEUS_URL: 'http://127.0.0.1:9' });
  const say = (figure: string, value: number, unit: string) => report({ suite: 'overload', figure, value, unit });
  try {
    for (const path of LOOKS) {
      const answer = await fetch(server.base + path);
      if (!answer.ok) throw new Error(`GET ${path} answered ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
    }
    const baseline = await storedPerSecond(server);
    say('stored-without-overload', baseline * SPANS_PER_BODY, 'spans/s');

    const end = performance.now() + SECONDS * 1000;
    const [greedy, small]: [Sent[], Sent[]] = [[], []];
    const looks: { readonly path: string; readonly ms: number }[] = [];
    let [offered, peak] = [0, 0];
    const flood = async (address: string): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
      const everyMs = (1000 * GREEDY.length) / (TIMES * baseline);
      let waiting = 0;
      const all: Promise<void>[] = [];
      for (let next = performance.now(); next < end; next += everyMs) {
        if (next > performance.now()) await sleep(next - performance.now());
        offered += 1;
        if (waiting >= AT_ONCE) continue;
        waiting += 1;
        all.push(
          post(server, agent, address, body(SPANS_PER_BODY, 'greedy')).then((sent) => {
            waiting -= 1;
            greedy.push(sent);
          }),
        );
        if (all.length % 20 === 0) await sleep(0);
      }
      await Promise.all(all);
      agent.destroy();
    };
    const trickle = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true });
      while (performance.now() < end) {
        small.push(await post(server, agent, SMALL, body(SMALL_SPANS, 'small')));
        await sleep(SMALL_EVERY_MS);
      }
      agent.destroy();
    };
    const look = async (): Promise<void> => {
      for (let i = 0; performance.now() < end; i++) {
        const began = performance.now();
        const path = LOOKS[i % LOOKS.length] ?? '';
        const answer = await fetch(server.base + path, { signal: AbortSignal.timeout(30_000) });
        await answer.arrayBuffer();
        looks.push({ path, ms: answer.ok ? performance.now() - began : 30_000 });
        peak = Math.max(peak, server.residentMiB());
        await sleep(200);
      }
    };
    await Promise.all([...GREEDY.map(flood), trickle(), look()]);

    const over = performance.now();
    for (let quick = 0; quick < 3 && performance.now() - over < 60_000; await sleep(200)) {
      const sent = await post(server, new Agent(), SMALL, body(SMALL_SPANS, 'after'));
      quick = sent.status === 200 && sent.ms < 500 ? quick + 1 : 0;
    }
    const recoveryS = (performance.now() - over) / 1000;

    const acknowledged = [...greedy, ...small].filter(({ status }) => status === 200).length;
    const answer = await fetch(`${server.base}/api/traces?limit=1&service=greedy`);
    const others = await fetch(`${server.base}/api/traces?limit=1&service=small`);
    const matched = async (one: Response) => ((await one.json()) as { matched: number }).matched;
    const refused = greedy.filter(({ status }) => status === 429);
    say('offered-over-stored', offered / SECONDS / baseline, 'times');
    say('sent-over-offered', greedy.length / offered, '');
    say('stored', (acknowledged * SPANS_PER_BODY) / SECONDS, 'spans/s');
    // A body that was stored while its sender gave up is no loss; one that was acknowledged and is not there is.
    say(
      'acknowledged-not-stored',
      Math.max(0, acknowledged - (await matched(answer)) - (await matched(others))),
      'bodies',
    );
    say('refused-share', refused.length / greedy.length, '');
    say('refused-without-retry-after', refused.filter(({ retryAfter }) => !retryAfter).length, 'answers');
    say('other-answers', greedy.filter(({ status }) => status !== 200 && status !== 429).length, 'answers');
    say(
      'refuse-p95',
      quantile(
        refused.map(({ ms }) => ms),
        0.95,
      ),
      'ms',
    );
    say(
      'acknowledge-p95',
      quantile(
        greedy.filter(({ status }) => status === 200).map(({ ms }) => ms),
        0.95,
      ),
      'ms',
    );
    say('small-sender-stored', small.filter(({ status }) => status === 200).length / small.length, '');
    say(
      'small-sender-p95',
      quantile(
        small.map(({ ms }) => ms),
        0.95,
      ),
      'ms',
    );
    const lookMs = (path?: string): number[] =>
      looks.filter((look) => path === undefined || look.path === path).map(({ ms }) => ms);
    say('look-p95', quantile(lookMs(), 0.95), 'ms');
    for (const path of LOOKS) say(`look-median ${path.replace(/\?.*/, '')}`, quantile(lookMs(path), 0.5), 'ms');
    say('peak-resident', Math.max(peak, server.peakResidentMiB()), 'MiB');
    say('recovery', recoveryS, 's');
  } finally {
    await server.close();
  }
}
