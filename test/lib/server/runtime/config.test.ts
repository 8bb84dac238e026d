import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../../../lib/server/runtime/config.ts';

function load(yaml: string, environment: Record<string, string> = {}) {
  const file = join(mkdtempSync(join(tmpdir(), 'xray-config-')), 'xray.yaml');
  writeFileSync(file, yaml);
  return loadConfig({ XRAY_CONFIG: file, ...environment });
}

it('the environment goes before xray.yaml, which goes before what is usual', () => {
  const yaml = `
durability: power
retentionDays: { tasks: 7, traces: 8 }
prometheus: { url: "http://in-file:9090" }
alertmanager: { url: "http://in-file:9093" }
clickhouse: { url: "http://in-file:8123" }
`;
  const ofFile = load(yaml);
  expect(ofFile.retentionDays).toEqual({ tasks: 7, traces: 8, alerts: 365 });
  expect(ofFile.durability).toBe('power');
  const both = load(yaml, {
    XRAY_RETENTION_TASKS_DAYS: '3',
    XRAY_RETENTION_ALERTS_DAYS: '4',
    XRAY_DURABILITY: 'process',
    PROMETHEUS_URL: 'http://in-environment:9090',
    ALERTMANAGER_URL: 'http://in-environment:9093',
    CLICKHOUSE_URL: 'http://in-environment:8123',
  });
  expect(both.retentionDays).toEqual({ tasks: 3, traces: 8, alerts: 4 });
  expect(both.durability).toBe('process');
  expect([both.prometheus, both.alertmanager, both.clickhouse].map((source) => source?.url)).toEqual([
    'http://in-environment:9090',
    'http://in-environment:9093',
    'http://in-environment:8123',
  ]);
});

it('a retention that is none is refused with its key', () => {
  expect(() => load('', { XRAY_RETENTION_TRACES_DAYS: '0' })).toThrow(
    /^XRAY_RETENTION_TRACES_DAYS is "0": expected a whole number from 1 to /,
  );
  expect(() => load('retentionDays: { tasks: 0 }')).toThrow(/retentionDays\.tasks/);
});

it('a CA file that cannot be read is refused at the start', () => {
  expect(() => load('clickhouse: { url: "https://store:8443", caFile: /nowhere/ca.pem }')).toThrow(
    /^the CA file of CLICKHOUSE_URL, "\/nowhere\/ca.pem", cannot be read: /,
  );
  expect(() => load('', { PROMETHEUS_URL: 'https://prometheus:9090', PROMETHEUS_CA_FILE: '/nowhere/ca.pem' })).toThrow(
    /^the CA file of PROMETHEUS_URL/,
  );
});

it('credentials are of the source that they are given for', () => {
  const { prometheus, clickhouse } = load('', {
    PROMETHEUS_URL: 'http://reader:p%40ss@prometheus:9090/',
    CLICKHOUSE_URL: 'http://store:8123',
    CLICKHOUSE_USER: 'xray',
    CLICKHOUSE_PASSWORD: 'secret',
  });
  expect(prometheus).toMatchObject({
    url: 'http://prometheus:9090',
    auth: { basic: { user: 'reader', password: 'p@ss' } },
  });
  expect(clickhouse).toMatchObject({ url: 'http://store:8123', auth: { basic: { user: 'xray', password: 'secret' } } });
});
