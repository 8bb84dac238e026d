/** GET /api/alerts over answers of other rule engines and Alertmanagers, and over lists with bad items: each costs itself alone. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startAlertRecorder } from '../../../../lib/server/alerts/alert-recorder.ts';
import { createAlertmanagerSource } from '../../../../lib/server/alerts/alertmanager-source-configured.ts';
import { alerts } from '../../../../lib/server/alerts/alerts.ts';
import { createConfiguredPrometheus } from '../../../../lib/server/prometheus/prometheus-configured.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { lastAlertTransitions } from '../../../../lib/store/queries/alert-transitions.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { NO_AUTH } from '../../sources/prometheus/replay.ts';

interface Case {
  readonly data?: unknown;
  readonly body?: unknown;
  readonly alerts: readonly string[];
  readonly rules?: readonly string[];
  readonly said?: readonly string[];
  readonly forSeconds?: Readonly<Record<string, number>>;
  readonly values?: Readonly<Record<string, number>>;
}
const casesOf = (path: string): [string, Case][] =>
  Object.entries(JSON.parse(readFileSync(new URL(`../../../fixtures/${path}/answers.json`, import.meta.url), 'utf8')));

let rules: unknown = { groups: [] };
let received: unknown = [];
let queried: unknown = { resultType: 'vector', result: [] };
let beside: Record<string, unknown> = {};
const server = createServer((request, response) => {
  const path = (request.url ?? '').split('?')[0] ?? '';
  request.resume();
  const answer =
    path === '/api/v2/alerts'
      ? received
      : path === '/api/v1/rules'
        ? { status: 'success', data: rules, ...beside }
        : path === '/api/v1/query' || path === '/api/v1/query_range'
          ? { status: 'success', data: queried, ...beside }
          : null;
  response.writeHead(answer === null && !path.startsWith('/api/v2') ? 404 : 200, {
    'content-type': 'application/json',
  });
  response.end(JSON.stringify(answer));
});
let runtime: Runtime;
const signal = new AbortController().signal;
const PATIENCE = { timeout: 20_000 };
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  const base = await openTestRuntime();
  runtime = {
    ...base,
    prometheus: createConfiguredPrometheus({ url, auth: NO_AUTH }, base.telemetry),
    alertmanager: createAlertmanagerSource({ url, auth: NO_AUTH }),
  };
});
afterAll(async () => {
  await runtime.prometheus.close();
  await runtime.close();
  server.close();
});

const said = (notices: readonly { readonly message: string }[]): string => notices.map((one) => one.message).join('\n');
const LIBRARY = /zod|invalid|Expected|received|\[\s*\{|undefined/;

describe('rules', () => {
  it.each(casesOf('prometheus/rule-engines'))('%s', async (_name, one) => {
    rules = one.data;
    received = [];
    const board = await alerts(runtime, {}, signal);
    expect(board.alerts.map((alert) => `${alert.name} ${alert.state}`).sort()).toEqual([...one.alerts].sort());
    expect(board.rules.map((rule) => rule.name)).toEqual(one.rules);
    for (const text of one.said ?? []) expect(said(board.notices)).toContain(text);
    if (!one.said) expect(board.notices).toEqual([]);
    expect(said(board.notices)).not.toMatch(LIBRARY);
    for (const [name, seconds] of Object.entries(one.forSeconds ?? {}))
      expect(board.rules.find((rule) => rule.name === name)?.forSeconds).toBe(seconds);
    for (const [name, value] of Object.entries(one.values ?? {}))
      expect(board.alerts.find((alert) => alert.name === name)?.value).toBe(value);
  });
});

describe("Alertmanager's alerts", () => {
  it.each(casesOf('alertmanager/other-servers'))('%s', async (_name, one) => {
    rules = { groups: [] };
    received = one.body;
    const board = await alerts(runtime, {}, signal);
    expect(board.alerts.map((alert) => `${alert.name} ${alert.state}`).sort()).toEqual(one.alerts);
    expect(board.alerts.every((alert) => /^[0-9a-f]{16}$/.test(alert.fingerprint))).toBe(true);
    for (const text of one.said ?? []) expect(said(board.notices)).toContain(text);
    if (!one.said) expect(board.notices).toEqual([]);
    expect(said(board.notices)).not.toMatch(LIBRARY);
  });
});

describe('what stands beside the data', () => {
  it('warnings that are null, or no texts, cost nothing', async () => {
    beside = { warnings: null, infos: [3, 'kept'], isPartial: false, stats: {} };
    queried = { resultType: 'vector', result: [{ metric: { a: '1' }, value: [1, '2'] }] };
    const answer = await runtime.prometheus.instant({ name: 'beside', promql: 'x' });
    beside = {};
    expect(answer).toEqual({ data: [{ labels: { a: '1' }, value: 2 }], warnings: ['kept'] });
  });

  it('a result that is null is empty', async () => {
    queried = { resultType: 'vector', result: null };
    expect(await runtime.prometheus.instant({ name: 'null', promql: 'x' })).toEqual({ data: [], warnings: [] });
  });

  it('series are read one by one: position and reason are said, the good ones stay', async () => {
    queried = {
      resultType: 'vector',
      result: [
        { metric: { a: '1' }, value: [1, '2'] },
        null,
        { metric: { a: '2', b: { c: 1 } }, value: [1, 3] },
        { metric: 'x', value: [1, '2'] },
        { metric: { a: '4' }, value: ['1', '4'] },
        { metric: { a: '5' }, value: ['noon', '4'] },
        'text',
        { value: [1, '6'] },
      ],
    };
    const { data, warnings } = await runtime.prometheus.instant({ name: 'mixed', promql: 'x' });
    expect(data).toEqual([
      { labels: { a: '1' }, value: 2 },
      { labels: { a: '2' }, value: 3 },
      { labels: { a: '4' }, value: 4 },
      { labels: {}, value: 6 },
    ]);
    expect(warnings).toHaveLength(1);
    for (const text of [
      'series 2 (it is not an object)',
      'series 3 (the value of its label "b" is not text)',
      'series 4',
      '2 more',
    ])
      expect(warnings[0]).toContain(text);
  });

  it('one bad sample costs itself', async () => {
    queried = {
      resultType: 'matrix',
      result: [{ metric: { a: '1' }, values: [[60, '1'], null, [180, 'three'], [240, 'NaN'], [300, '5']] }],
    };
    const { data, warnings } = await runtime.prometheus.range({
      name: 'samples',
      promql: 'x',
      from: 60_000 as never,
      to: 300_000 as never,
      step: 60_000 as never,
    });
    expect(data.series.map((series) => series.values)).toEqual([[1, null, null, null, 5]]);
    expect(warnings.join('\n')).toMatch(/series 1 \(1 of its samples are not \[time, value\] pairs\)/);
    expect(warnings.join('\n')).toMatch(/values of query "samples" that are not numbers, shown as gaps: 1/);
  });
});

it('an alert whose rule can no longer be read is not over; one whose rule was read is', async () => {
  const alert = (name: string) => ({
    labels: { alertname: name },
    state: 'firing',
    activeAt: '2026-11-30T00:00:00Z',
    value: '1',
  });
  const rule = (name: string, list: unknown) => ({ type: 'alerting', name, query: 'x', state: 'firing', alerts: list });
  received = [];
  rules = { groups: [{ name: 'g', rules: [rule('Lost', [alert('Lost')]), rule('Over', [alert('Over')])] }] };
  const recorder = startAlertRecorder(runtime);
  const stored = async () => {
    await recorder.look();
    const rows = await runtime.engine.select(lastAlertTransitions, { since: 0n });
    return Object.fromEntries(rows.map(({ name, state }) => [name, state]));
  };
  await vi.waitFor(async () => expect(await stored()).toMatchObject({ Lost: 'firing', Over: 'firing' }), PATIENCE);
  rules = { groups: [{ name: 'g', rules: [rule('Lost', 5), { ...rule('Over', []), state: 'inactive' }] }] };
  await vi.waitFor(async () => expect(await stored()).toMatchObject({ Over: 'resolved' }), PATIENCE);
  expect(await stored()).toMatchObject({ Lost: 'firing', Over: 'resolved' });
  recorder.close();
});

describe('an alert ends', () => {
  const alert = (name: string, more: object = {}) => ({
    labels: { alertname: name },
    state: 'firing',
    activeAt: '2026-11-30T00:00:00Z',
    value: '1',
    ...more,
  });
  const rule = (name: string, list: readonly unknown[]) => ({
    ...{ type: 'alerting', name, query: 'x', state: list.length > 0 ? 'firing' : 'inactive', alerts: list },
  });
  const groupOf = (...list: readonly unknown[]) => ({ groups: [{ name: 'g', rules: list }] });
  const fromAlertmanager = (name: string, fingerprint: string) => ({
    labels: { alertname: name },
    annotations: {},
    startsAt: '2026-11-30T00:00:00Z',
    endsAt: '2099-01-01T00:00:00Z',
    updatedAt: '2026-11-30T00:00:00Z',
    fingerprint,
    status: { state: 'active', silencedBy: [], inhibitedBy: [] },
    receivers: [{ name: 'r' }],
    generatorURL: '',
  });
  async function stateAfter(name: string, before: () => void, after: () => void): Promise<string | undefined> {
    const recorder = startAlertRecorder(runtime);
    const state = async () => {
      await recorder.look();
      const rows = await runtime.engine.select(lastAlertTransitions, { since: 0n });
      return rows.find((one) => one.name === name)?.state;
    };
    before();
    await vi.waitFor(async () => expect(await state()).toBe('firing'), PATIENCE);
    after();
    await recorder.look();
    const last = await state();
    recorder.close();
    return last;
  }

  it('although one of its annotations could not be read', async () => {
    received = [];
    const odd = alert('OddAnnotation', { annotations: { tags: ['a'] } });
    const set = (list: readonly unknown[]) => () => {
      rules = groupOf(rule('OddAnnotation', list));
    };
    expect(await stateAfter('OddAnnotation', set([odd]), set([]))).toBe('resolved');
  });

  it('that only Alertmanager knows, whatever of the rules cannot be read', async () => {
    rules = groupOf(5);
    const set = (list: readonly unknown[]) => () => {
      received = list;
    };
    expect(await stateAfter('Elsewhere', set([fromAlertmanager('Elsewhere', 'abcdef0123456781')]), set([]))).toBe(
      'resolved',
    );
  });

  it('but not one that only Alertmanager knows while its list cannot be read', async () => {
    rules = groupOf();
    const set = (list: unknown) => () => {
      received = list;
    };
    expect(
      await stateAfter('Unseen', set([fromAlertmanager('Unseen', 'abcdef0123456782')]), set([{ labels: null }])),
    ).toBe('firing');
    received = [];
  });
});
