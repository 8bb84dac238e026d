/** A recorded incident (Prometheus 2.42, Alertmanager 0.25), replayed; the counts must equal its truth.json. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { milliseconds } from '../../../../lib/model/units.ts';
import { alertsOfRules, joinAlertmanager } from '../../../../lib/server/alerts/alert-join.ts';
import { splitComparison } from '../../../../lib/server/prometheus/promql-comparison.ts';
import { decodeReceivedAlerts } from '../../../../lib/sources/alertmanager/decode-alerts.ts';
import { createPrometheusClient } from '../../../../lib/sources/prometheus/client.ts';
import { decodeRules } from '../../../../lib/sources/prometheus/decode-rules.ts';
import { NO_AUTH, replay } from '../../sources/prometheus/replay.ts';

const fixture = (path: string) =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/${path}`, import.meta.url), 'utf8'));
const PROMETHEUS = 'prometheus/2.42.0/alerts';
const ALERTMANAGER = 'alertmanager/0.25.0/alerts';
const rulesOf = async (file: string) => (await decodeRules(fixture(`${PROMETHEUS}/${file}`).data)).rules;
const receivedOf = async (file: string) => (await decodeReceivedAlerts(fixture(`${ALERTMANAGER}/${file}`))).alerts;
const PHASES = [
  ['inactive', '000-inactive-rules.json', '000-inactive-alerts.json'],
  ['pending', '012-pending-rules.json', '005-pending-alerts.json'],
  ['firing', '016-firing-rules.json', '008-firing-alerts.json'],
  ['silenced', '022-silenced-rules.json', '014-silenced-alerts.json'],
  ['inhibited', '056-inhibited-rules.json', '033-inhibited-alerts.json'],
  ['silence-over', '061-silence-over-rules.json', '037-silence-over-alerts.json'],
] as const;
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

describe('a recorded incident', () => {
  const truthP = fixture(`${PROMETHEUS}/truth.json`).prometheus_by_phase.phases;
  const truthA = fixture(`${ALERTMANAGER}/truth.json`).alertmanager_by_phase.phases;

  it.each(PHASES)('phase %s: states, silences and inhibitions equal the truth', async (phase, rules, received) => {
    const known = alertsOfRules(await rulesOf(rules), { cluster: 'training-a' });
    const named = known.map((one) => [
      one.name,
      one.labels.node,
      one.labels.gpu ?? one.labels.GpuIndex ?? null,
      one.state,
    ]);
    expect(named.map(String).sort()).toEqual(truthP[phase].map((row: unknown[]) => String(row.slice(0, 4))).sort());
    const body = await receivedOf(received);
    const joined = joinAlertmanager(known, body, milliseconds(Date.parse('2026-11-23T20:57:30Z')));
    expect(joined.filter((one) => one.silenced).length).toBe(
      truthA[phase].filter((row: unknown[]) => row[4] !== 0).length,
    );
    expect(joined.filter((one) => one.inhibited).length).toBe(
      truthA[phase].filter((row: unknown[]) => row[5] !== 0).length,
    );
  });

  it('joins by fingerprint, with the external labels that Prometheus adds on the way', async () => {
    const known = alertsOfRules(await rulesOf('016-firing-rules.json'), { cluster: 'training-a' });
    const body = await receivedOf('008-firing-alerts.json');
    const joined = joinAlertmanager(known, body, milliseconds(0));
    expect(joined.filter((one) => one.sources.length === 2).length).toBe(body.length);
    expect(joined.length).toBe(known.length);
  });

  it('oddity: startsAt is when it began to fire, activeAt when the condition became true', async () => {
    const known = alertsOfRules(await rulesOf('016-firing-rules.json'), { cluster: 'training-a' });
    const hot = known.find((one) => one.name === 'DcgmGpuHot' && one.state === 'firing');
    expect(BigInt(hot?.firingSinceNs ?? 0) - BigInt(hot?.activeAtNs ?? 0)).toBe(6_000_000_000n);
  });

  it('oddity: a rule that cannot be evaluated is shown as such though its state is inactive', async () => {
    const broken = (await rulesOf('016-firing-rules.json')).find((rule) => rule.name === 'NeverEvaluates');
    expect(broken).toMatchObject({ state: 'inactive', health: 'err' });
    expect(broken?.lastError).toContain('many-to-many');
  });

  it('oddity: keepFiringFor is there, and a kept alert just stays firing', async () => {
    const rules = await rulesOf('065-keep-firing-rules.json');
    expect(rules.find((rule) => rule.name === 'DcgmGpuHot')?.keepFiringForSeconds).toBe(6);
  });

  it.each([
    ['030-errors-query-timeout.json', 503, 'timeout'],
    ['029-errors-query-many-to-many.json', 422, 'execution'],
    ['026-errors-query-syntax.json', 400, 'bad_data'],
    ['038-errors-unknown-path.txt', 404, 'HTTP 404'],
    ['039-errors-method-not-allowed.txt', 405, 'HTTP 405'],
  ])('oddity: %s is told in its own words', async (file, status, text) => {
    const server = await replay(PROMETHEUS, () => ({ file, status }));
    closers.push(server.close);
    const client = createPrometheusClient({ url: server.url, auth: { ...NO_AUTH, bearerToken: 'secret' } });
    await expect(client.instant({ name: 'gpu', promql: 'x' })).rejects.toMatchObject({
      code: 'prometheus-refused',
      message: expect.stringContaining(`query "gpu" failed: ${text}`),
    });
    expect(server.asked[0]?.authorization).toBe('Bearer secret');
  });

  it('asks once for identical questions under way, and reads NaN as nothing and +Inf as infinite', async () => {
    const server = await replay(PROMETHEUS, (_, body) => ({
      file: body.includes('nan') ? '046-queries-query-nan.json' : '045-queries-query-inf.json',
    }));
    closers.push(server.close);
    const client = createPrometheusClient({ url: server.url, auth: NO_AUTH });
    const both = await Promise.all([1, 2].map(() => client.instant({ name: 'inf', promql: '1/0' })));
    expect(both.map((one) => one.data[0]?.value)).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(server.asked.length).toBe(1);
    const nan = await client.instant({ name: 'nan', promql: 'nan' });
    expect(nan.data.every((one) => !Number.isNaN(one.value))).toBe(true);
  });
});

describe('the comparison of an expression', () => {
  it.each([
    ['a / (b + c) > 0.95', 'a / (b + c)', '>', 0.95],
    ['x{l=~"a>b"} != 0', 'x{l=~"a>b"}', '!=', 0],
    ['90 < temp', 'temp', '>', 90],
    ['a < 5 and on (node) b > 0', 'a', '<', 5],
    ['(a > 1)', 'a', '>', 1],
    ['a > 1 or b > 2', 'a > 1 or b > 2', null, null],
    ['a > b', 'a', null, null],
    ['absent(up)', 'absent(up)', null, null],
    ['android > 1', 'android', '>', 1],
  ])('%s', (promql, expression, comparison, threshold) => {
    expect(splitComparison(promql)).toEqual({ expression, comparison, threshold });
  });
});
