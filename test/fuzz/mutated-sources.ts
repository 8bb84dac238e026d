/**
 * Mutated answers of sources: over a real port through the clients that X-Ray asks with, and rows through their decoders. An
 * error of ours is an answer; a fault of the code is not.
 */
import { createServer, type Server } from 'node:http';
import { milliseconds, nanoseconds } from '../../lib/model/units.ts';
import { alertsOfRules, joinAlertmanager } from '../../lib/server/alerts/alert-join.ts';
import { createAlertmanagerClient } from '../../lib/sources/alertmanager/client.ts';
import { decodeReceivedAlerts } from '../../lib/sources/alertmanager/decode-alerts.ts';
import { decodeCommunicator, inspectorId } from '../../lib/sources/nccl/inspector-metrics.ts';
import { createPrometheusClient } from '../../lib/sources/prometheus/client.ts';
import { decodeRules } from '../../lib/sources/prometheus/decode-rules.ts';
import { createRayClient } from '../../lib/sources/ray/client.ts';
import { decodeActor, decodeJob, decodeNode, decodeWorker } from '../../lib/sources/ray/decode-cluster.ts';
import { createListingDecoder } from '../../lib/sources/ray/decode-listing.ts';
import { decodePlacementGroups } from '../../lib/sources/ray/decode-placement-groups.ts';
import { decodeTask, decodeTaskProfile } from '../../lib/sources/ray/decode-task.ts';
import { parseOomReport } from '../../lib/sources/ray/oom-report.ts';
import { Actor, Job, Jobs, Node, Task, Worker } from '../../lib/sources/ray/wire.ts';
import { encodeRows } from '../../lib/store/engine.ts';
import { mutateBytes, mutateJson, mutateText, type Random } from './mutate.ts';
import { recordings } from './recordings.ts';

const NOW = nanoseconds(1_795_466_000_000_000_000n);
const FROM = milliseconds(1_795_466_000_000);
const AUTH = { bearerToken: null, basic: null, headers: {}, caFile: null };

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array;
}

export interface MutatedSources {
  /** Null where the answer was read or refused; else what is wrong. */
  readonly ask: (random: Random) => Promise<string | null>;
  readonly close: () => void;
}

/** As JSON.parse would make it. */
const arrived = (seed: unknown, random: Random): unknown =>
  JSON.parse(JSON.stringify(mutateJson(seed, random)) ?? 'null');

function answerOf(seed: unknown, random: Random): Answer {
  const text = Buffer.from(JSON.stringify(mutateJson(seed, random)) ?? '');
  return {
    status: random.chance(0.9) ? 200 : random.of([204, 400, 401, 404, 422, 429, 500, 503]),
    type: random.chance(0.9) ? 'application/json' : random.of(['text/html', '', 'constructor']),
    body: random.chance(0.4) ? mutateBytes(text, random) : text,
  };
}

function decodeRows(random: Random): void {
  const body = arrived(random.of(recordings.rayListings), random);
  const rows = (body as { data?: { result?: { result?: unknown } } } | null)?.data?.result?.result;
  const list: unknown[] = Array.isArray(rows) ? rows : [];
  const read = <Row>(decoder: ReturnType<typeof createListingDecoder<Row>>): readonly Row[] => {
    for (const row of list) decoder.onRow(row);
    return decoder.finish(body).rows;
  };
  for (const row of read(createListingDecoder(Task)))
    encodeRows([decodeTask('s', row), ...decodeTaskProfile('s', row)]);
  for (const row of read(createListingDecoder(Node))) encodeRows([decodeNode('s', row, NOW)]);
  for (const row of read(createListingDecoder(Actor))) encodeRows([decodeActor('s', row, NOW)]);
  for (const row of read(createListingDecoder(Worker))) encodeRows([decodeWorker('s', row)]);
}

function decodeJobs(random: Random): void {
  for (const row of Jobs.parse(arrived(recordings.rayJobs, random))) {
    const job = Job.safeParse(row);
    const part = job.success ? decodeJob('s', job.data, NOW) : null;
    if (part !== null) encodeRows([part]);
  }
}

function decodeGauge(random: Random): void {
  const line = mutateText(random.of(recordings.nccl), random);
  const labels = [...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value] as const);
  const communicator = decodeCommunicator(Object.fromEntries(labels));
  if (communicator !== null) inspectorId(communicator);
}

export async function startMutatedSources(): Promise<MutatedSources> {
  const answers = new Map<string, Answer>();
  const server: Server = createServer((request, response) => {
    const { status, type, body } = answers.get((request.url ?? '').split('/')[1] ?? '') ?? {
      status: 404,
      type: '',
      body: Buffer.alloc(0),
    };
    request.resume();
    response.writeHead(status, { 'content-type': type }).end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  let requested = 0;

  async function through(answer: Answer, ask: (url: string) => Promise<unknown>): Promise<void> {
    const id = String(requested++);
    answers.set(id, answer);
    try {
      await ask(`http://127.0.0.1:${address === null || typeof address === 'string' ? 0 : address.port}/${id}`);
    } finally {
      answers.delete(id);
    }
  }

  const DECODERS: readonly ((random: Random) => Promise<void> | void)[] = [
    decodeRows,
    decodeJobs,
    decodeGauge,
    (random) => {
      decodePlacementGroups(arrived(random.of(recordings.rayListings), random));
    },
    (random) => {
      parseOomReport(mutateText(JSON.stringify(random.of(recordings.events)), random));
    },
    (random) =>
      through(answerOf(random.of(recordings.prometheus), random), async (url) => {
        const client = createPrometheusClient({ url, auth: AUTH });
        const query = { name: 'fuzz', promql: 'up' };
        const to = milliseconds(FROM + 600_000);
        if (random.chance(0.4)) await client.range({ ...query, from: FROM, to, step: milliseconds(15_000) });
        else if (random.chance(0.5))
          for (const { labels } of (await client.instant(query)).data) decodeCommunicator(labels);
        else alertsOfRules((await decodeRules(await client.api('/api/v1/rules'))).rules, {});
      }),
    (random) =>
      through(answerOf(random.of(recordings.alertmanager), random), async (url) => {
        const { alerts } = await decodeReceivedAlerts(await createAlertmanagerClient({ url, auth: AUTH })('/alerts'));
        joinAlertmanager([], alerts, FROM);
      }),
    (random) =>
      through(answerOf(random.of([...recordings.rayListings, recordings.rayJobs]), random), (url) =>
        createRayClient({ url, auth: AUTH }).json('/api/v0/tasks'),
      ),
  ];

  return {
    async ask(random) {
      try {
        await random.of(DECODERS)(random);
        return null;
      } catch (error) {
        const isFault = [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
        return isFault && error instanceof Error ? `an answer of a source: ${error.stack?.slice(0, 600)}` : null;
      }
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
