/**
 * A share says nothing of where sources are and how they are reached. The real engine, handlers on a real port, sources whose
 * addresses and credentials are secret and do not answer.
 */
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POST as makeShare } from '../../../../app/api/shares/route.ts';
import { findPage } from '../../../../lib/contract/pages/find-page.ts';
import { PAGES } from '../../../../lib/contract/pages/pages.ts';
import { ShareCreated, ShareResponse } from '../../../../lib/contract/shares.ts';
import { createAlertmanagerSource } from '../../../../lib/server/alerts/alertmanager-source-configured.ts';
import { freePort } from '../../../../lib/server/process/free-port.ts';
import { createConfiguredPrometheus } from '../../../../lib/server/prometheus/prometheus-configured.ts';
import { type Runtime, setRuntime } from '../../../../lib/server/runtime/runtime.ts';
import { createShareContents } from '../../../../lib/server/shares/share-contents.ts';
import { openShare } from '../../../../lib/server/shares/shares.ts';
import { askRoute, everyContract } from '../../../support/every-contract.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { eventBodies, postEvents, truth } from '../../../support/recordings.ts';

const routes = await everyContract();
const session = truth('mixed').session_name;
const jobId = Object.keys(truth('mixed').executions_per_job_and_function)[0] ?? '';
const HOST = 'hidden-metrics.corp.invalid';
const SECRETS = [
  HOST,
  'pa55-of-prometheus',
  'user-of-prometheus',
  'hidden-alerts.corp.invalid',
  'bearer-of-alerts-1',
  '10.99.88.77',
];

let runtime: Runtime;
let server: Server;
beforeAll(async () => {
  const port = await freePort();
  const opened = await openTestRuntime({
    PORT: String(port),
    PROMETHEUS_URL: `http://user-of-prometheus:pa55-of-prometheus@${HOST}:9090/prefix`,
    ALERTMANAGER_URL: 'http://hidden-alerts.corp.invalid:9093',
    ALERTMANAGER_BEARER_TOKEN: 'bearer-of-alerts-1',
  });
  const { config, telemetry } = opened;
  if (!config.prometheus) throw new Error('no Prometheus configured');
  const prometheus = createConfiguredPrometheus(config.prometheus, telemetry);
  const alertmanager = createAlertmanagerSource(config.alertmanager);
  runtime = {
    ...opened,
    prometheus,
    alertmanager,
    health: () => [
      prometheus.health(),
      alertmanager.health(),
      ...opened.health(),
      {
        ...prometheus.health(),
        id: 'ray:prod',
        kind: 'ray',
        state: 'down',
        url: 'http://10.99.88.77:8265',
        reason: 'Ray /api/version failed: connect ECONNREFUSED 10.99.88.77:8265',
        details: { dashboard: 'http://10.99.88.77:8265', nodes: 3 },
      },
    ],
    close: async () => {
      await prometheus.close();
      await opened.close();
    },
  };
  setRuntime(runtime);
  await postEvents(runtime, eventBodies('mixed').slice(0, 3), 'recorded');
  server = createServer(async (incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    const [route, match] = routes
      .map(
        (each) =>
          [each, new RegExp(`^${each.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`).exec(url.pathname)] as const,
      )
      .find(([, found]) => found !== null) ?? [undefined, null];
    if (!route) return void outgoing.writeHead(404).end('{}');
    const inPath = Object.fromEntries(
      Object.entries(match?.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
    const answer = await askRoute(route, inPath, url.search === '' ? [] : [url.search.slice(1)]);
    outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
}, 120_000);
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await runtime.close();
});

const ADDRESSES = [
  '/',
  `/clusters/recorded?session=${session}`,
  '/jobs',
  `/jobs/${jobId}?session=${session}`,
  `/jobs/${jobId}/timeline?session=${session}`,
  '/traces',
  '/memory?from=1795466000000&to=1795467000000',
  '/collectives?from=1795466000000&to=1795467000000',
  '/alerts',
  '/alerts/0123456789abcdef',
  `/traces/${'ab'.repeat(16)}`,
  '/sources',
];

it('every page that can be shared is in the list', () => {
  expect(new Set(ADDRESSES.map((path) => findPage(path)?.name))).toEqual(new Set(Object.keys(PAGES)));
});

describe.each(ADDRESSES)('%s', (path) => {
  it('holds no address, host or credential of a source', async () => {
    const response = await makeShare(
      new Request('http://127.0.0.1/api/shares', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ path }),
      }),
    );
    expect(response.status).toBe(201);
    const { token } = ShareCreated.parse(await response.json());
    const text = await openShare(runtime, token);
    ShareResponse.parse(JSON.parse(text));
    expect(SECRETS.filter((secret) => text.includes(secret))).toEqual([]);
    expect(text).not.toMatch(/ECONNREFUSED \d|ENOTFOUND \w/);
  }, 60_000);
});

it('the live page says what the share does not', async () => {
  const health = routes.find(({ path }) => path === '/api/health');
  if (!health) throw new Error('no route of health');
  expect(await (await askRoute(health, {}, [])).text()).toContain(HOST);
});

describe('contents', () => {
  const contents = () => createShareContents(runtime.config);
  it('stay as they came where there is nothing to leave out', () => {
    const text = '{"jobs":[{"x":1.50,"a":"10.0.0.1"}],  "__proto__":{"b":1},"notices":[]}';
    expect(contents().of('/api/jobs', 200, text)).toBe(text);
    expect(contents().of('/api/jobs/a/timeline/first-picture', 200, '"<svg/>"')).toBe('"<svg/>"');
  });
  it('sentences keep what happened and lose where', () => {
    const message = `query "x" failed: getaddrinfo ENOTFOUND ${HOST}: http://u:pa55-of-prometheus@${HOST}:9090/api at [::ffff:1]:80, db7.lan:9000`;
    const [notice] = JSON.parse(
      contents().of(
        '/api/alerts',
        200,
        JSON.stringify({ notices: [{ source: 'prometheus', kind: 'down', message, whatToDo: `look at ${HOST}` }] }),
      ),
    ).notices;
    expect(notice.message).toMatch(/^query "x" failed: getaddrinfo ENOTFOUND/);
    expect(JSON.stringify(notice)).not.toMatch(/hidden-metrics|pa55|db7|ffff|9090/);
  });
  it('a failed answer says that it failed and no more', () => {
    const text = contents().of(
      '/api/jobs',
      503,
      JSON.stringify({ title: 'A source is down', status: 503, code: 'source-down', detail: `${HOST} is down` }),
    );
    expect(JSON.parse(text)).toMatchObject({
      code: 'source-down',
      detail: 'it could not be had when the share was made',
    });
  });
});
