/**
 * Keys that objects inherit, through every door and back: attributes of spans (JSON and protobuf), metadata of jobs, resources
 * and labels of nodes, labels of Prometheus and Alertmanager, and what the browser does with them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { GET as getTrace } from '../../../../app/api/traces/[traceId]/route.ts';
import { POST as postEvents } from '../../../../app/v1/events/route.ts';
import { POST as postTraces } from '../../../../app/v1/traces/route.ts';
import { frozenAnswer } from '../../../../components/queries/frozen-answer.ts';
import { colourLegend } from '../../../../lib/chart/colour/timeline-colours.ts';
import { SpanWire, TraceResponse } from '../../../../lib/contract/traces.ts';
import { ownValue, setOwnValue } from '../../../../lib/model/own-value.ts';
import { alertsOfRules } from '../../../../lib/server/alerts/alert-join.ts';
import { labelsMatch } from '../../../../lib/server/clusters/known-clusters.ts';
import { ownerOf } from '../../../../lib/server/jobs/jobs.ts';
import { type Runtime, setRuntime } from '../../../../lib/server/runtime/runtime.ts';
import { decodeReceivedAlerts } from '../../../../lib/sources/alertmanager/decode-alerts.ts';
import { alertFingerprint } from '../../../../lib/sources/alertmanager/fingerprint.ts';
import { decodeSampleRow } from '../../../../lib/sources/prometheus/decode.ts';
import { decodeRules } from '../../../../lib/sources/prometheus/decode-rules.ts';
import { Job, Node } from '../../../../lib/sources/ray/wire.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { attribute, protobufRequest, span } from '../../../support/otlp-bodies.ts';

/** Names of labels in Prometheus cannot be empty; everything else can. */
const KEYS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__', ''];
const TABLE: Readonly<Record<string, string>> = JSON.parse(
  `{${KEYS.map((key) => `${JSON.stringify(key)}:"of ${key}"`).join(',')}}`,
);
const entries = (table: object): [string, unknown][] => Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1));
const EXPECTED = entries(TABLE);

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openTestRuntime();
  setRuntime(runtime);
}, 120_000);
afterAll(() => runtime.close());

const post = (route: (request: Request) => Promise<Response>, body: string | Uint8Array, type = 'application/json') =>
  route(
    new Request('http://127.0.0.1/v1/x', {
      method: 'POST',
      headers: { 'content-type': type },
      body: typeof body === 'string' ? body : new Uint8Array(body),
    }),
  );

describe('attributes of spans', () => {
  it('JSON: of resource, span, event and link, inside a map too', async () => {
    const traceId = 'a1'.repeat(16);
    const attributes = KEYS.map((key) => ({ key, value: { stringValue: `of ${key}` } }));
    const inside = { key: 'map', value: { kvlistValue: { values: attributes } } };
    const body = {
      resourceSpans: [
        {
          resource: { attributes },
          scopeSpans: [
            {
              spans: [
                {
                  ...span(900),
                  traceId,
                  attributes: [...attributes, inside],
                  events: [{ timeUnixNano: '1795466000000000001', name: 'e', attributes }],
                  links: [{ traceId, spanId: 'b'.repeat(16), attributes }],
                },
              ],
            },
          ],
        },
      ],
    };
    const sent = await post(postTraces, JSON.stringify(body));
    expect([sent.status, await sent.text()]).toEqual([200, '{}']);
    const answer = await getTrace(new Request(`http://127.0.0.1/api/traces/${traceId}`), {
      params: Promise.resolve({ traceId }),
    });
    const text = await answer.text();
    const [stored] = (JSON.parse(text) as z.input<typeof TraceResponse>).spans;
    if (!stored) throw new Error(text);
    const { map, ...own } = stored.attributes;
    expect(entries(own)).toEqual(EXPECTED);
    expect(entries(JSON.parse(map ?? ''))).toEqual(EXPECTED);
    expect(entries(stored.resourceAttributes)).toEqual(EXPECTED);
    expect(entries(stored.events[0]?.attributes ?? {})).toEqual(EXPECTED);
    expect(entries(stored.links[0]?.attributes ?? {})).toEqual(EXPECTED);
    // Contracts keep them, too.
    const parsed = TraceResponse.parse(JSON.parse(text)).spans[0];
    expect(entries(parsed?.resourceAttributes ?? {})).toEqual(EXPECTED);
    expect(SpanWire.shape.attributes.safeParse({ constructor: 1 }).success).toBe(false);
  });

  it('protobuf', async () => {
    const traceId = (77).toString(16).padStart(32, '0');
    const attributes = KEYS.map((key) => attribute(Buffer.from(key), Buffer.from(`of ${key}`)));
    const body = protobufRequest(1, Buffer.concat(attributes), 76);
    expect((await post(postTraces, body, 'application/x-protobuf')).status).toBe(200);
    const answer = await getTrace(new Request(`http://127.0.0.1/api/traces/${traceId}`), {
      params: Promise.resolve({ traceId }),
    });
    const trace = (await answer.json()) as z.input<typeof TraceResponse>;
    expect(entries(trace.spans[0]?.attributes ?? {})).toEqual(EXPECTED);
  });
});

it('a job whose metadata has such keys, from the event to the API', async () => {
  const record = (eventType: string, field: string, body: object) => ({
    eventId: Buffer.from(eventType).toString('base64'),
    sourceType: 'GCS',
    eventType,
    timestamp: '2026-11-30T00:00:00Z',
    severity: 'INFO',
    sessionName: 'session_of_keys',
    [field]: body,
  });
  const body = [
    record('DRIVER_JOB_DEFINITION_EVENT', 'driverJobDefinitionEvent', {
      jobId: Buffer.from('07000000', 'hex').toString('base64'),
      driverPid: '1',
      config: { metadata: TABLE },
    }),
    record('NODE_DEFINITION_EVENT', 'nodeDefinitionEvent', {
      nodeId: Buffer.from('ab'.repeat(28), 'hex').toString('base64'),
      nodeIpAddress: '10.0.0.1',
      labels: TABLE,
    }),
  ];
  const sent = await post(postEvents, JSON.stringify(body));
  expect(await sent.json()).toMatchObject({ accepted: 2, rejected: 0 });
  const select = (column: 'labels' | 'metadata', table: string) =>
    runtime.engine.select({
      name: column,
      sql: `SELECT max(${column}) AS text FROM xray.${table} WHERE session = 'session_of_keys'`,
      row: z.object({ text: z.string() }),
    });
  const stored = [...(await select('labels', 'ray_nodes')), ...(await select('metadata', 'ray_jobs'))];
  expect(stored.map(({ text }) => entries(JSON.parse(text)))).toEqual([EXPECTED, EXPECTED]);
});

describe('answers of sources', () => {
  it('Prometheus, its rules, Alertmanager, Ray', async () => {
    const sample = decodeSampleRow({ metric: TABLE, value: [1, '2'] });
    expect(entries(sample?.labels ?? {})).toEqual(EXPECTED);
    const rule = {
      type: 'alerting',
      name: 'A',
      query: 'x > 1',
      duration: 1,
      labels: TABLE,
      annotations: TABLE,
      state: 'firing',
      health: 'ok',
      alerts: [{ labels: TABLE, annotations: TABLE, state: 'firing', activeAt: '2026-11-30T00:00:00Z', value: '1' }],
    };
    const { rules } = await decodeRules({ groups: [{ name: 'g', file: 'f', interval: 1, rules: [rule] }] });
    const [alert] = alertsOfRules(rules, {});
    expect(entries(alert?.labels ?? {})).toEqual(EXPECTED);
    const { alerts: received } = await decodeReceivedAlerts([
      {
        annotations: TABLE,
        endsAt: '2026-11-30T00:00:00Z',
        startsAt: '2026-11-30T00:00:00Z',
        updatedAt: '2026-11-30T00:00:00Z',
        fingerprint: '0123456789abcdef',
        generatorURL: '',
        receivers: [],
        status: { inhibitedBy: [], silencedBy: [], state: 'active' },
        labels: TABLE,
      },
    ]);
    expect(entries(received[0]?.labels ?? {})).toEqual(EXPECTED);
    expect(alertFingerprint(TABLE)).not.toBe(alertFingerprint({}));
    expect(entries(Node.parse({ node_id: 'a', labels: TABLE }).labels ?? {})).toEqual(EXPECTED);
    expect(
      entries(Job.parse({ type: 'SUBMISSION', status: 'RUNNING', runtime_env: null, metadata: TABLE }).metadata ?? {}),
    ).toEqual(EXPECTED);
  });
  it('what is not there is not inherited', () => {
    for (const key of KEYS) {
      expect(ownValue({}, key)).toBeUndefined();
      expect(labelsMatch({ [key]: 'x' }, {})).toBe(false);
    }
    expect(ownerOf('{"constructor":"x"}')).toBeNull();
    const table: Record<string, string> = {};
    for (const key of KEYS) setOwnValue(table, key, `of ${key}`);
    expect(entries(table)).toEqual(EXPECTED);
  });
});

describe('in the browser', () => {
  it('frozen answers, legends', () => {
    for (const key of KEYS) expect(frozenAnswer({}, key)).toBeNull();
    const colours = colourLegend('state', [], KEYS).map(({ colour }) => colour);
    expect(colours.every((colour) => /^#[0-9a-f]{3,8}$/.test(colour))).toBe(true);
  });
});
