/** A real Prometheus that serves recorded samples (OpenMetrics), and the same samples read by hand, to compare with. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { freePort } from '../../lib/server/process/free-port.ts';
import type { PrometheusSource } from '../../lib/server/runtime/prometheus-source.ts';
import { absentPrometheus } from '../../lib/server/sources/absent-sources.ts';
import { createPrometheusClient } from '../../lib/sources/prometheus/client.ts';

/** Recorded blocks have no staleness markers: a series that was not scraped for this long is gone (PROVENANCE.md). */
export const LOOKBACK_S = 15;

export interface RecordedPrometheus {
  readonly source: PrometheusSource;
  readonly close: () => Promise<void>;
}

/**
 * Each text becomes blocks of its own. `lookbackS`: Prometheus' own default is 300. Throws where promtool or prometheus is missing or
 * does not start.
 */
export async function serveRecorded(texts: readonly string[], lookbackS = LOOKBACK_S): Promise<RecordedPrometheus> {
  const directory = mkdtempSync(join(tmpdir(), 'xray-recorded-prometheus-'));
  const data = join(directory, 'data');
  mkdirSync(data);
  texts.forEach((text, i) => {
    const file = join(directory, `${i}.om`);
    writeFileSync(file, text);
    execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', file, data], { stdio: 'pipe' });
  });
  writeFileSync(join(directory, 'none.yml'), 'global: {}\n');
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(directory, 'none.yml')}`,
      `--storage.tsdb.path=${data}`,
      '--storage.tsdb.retention.time=10y',
      `--query.lookback-delta=${lookbackS}s`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  const close = async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null)
      await new Promise((resolve) => child.once('exit', resolve));
    rmSync(directory, { recursive: true, force: true });
  };
  const ready = () =>
    fetch(`${url}/-/ready`).then(
      (reply) => reply.ok,
      () => false,
    );
  for (let tries = 0; !(await ready()); tries += 1) {
    if (tries > 200) {
      await close();
      throw new Error('Prometheus did not become ready within 20 s');
    }
    await sleep(100);
  }
  const client = createPrometheusClient({ url, auth: { bearerToken: null, basic: null, headers: {}, caFile: null } });
  const health = absentPrometheus('recorded', 'nothing').health();
  return {
    source: {
      url: () => url,
      range: client.range,
      instant: client.instant,
      api: client.api,
      health: () => ({ ...health, state: 'up' }),
      close,
    },
    close,
  };
}

export const recordedSamples = (scenario: string): string =>
  gunzipSync(
    readFileSync(new URL(`../fixtures/ray/2.58.0/${scenario}/prometheus/metrics.om.gz`, import.meta.url)),
  ).toString();

export interface SampleLine {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly seconds: number;
}

/** The newest sample of each series of one metric at a time, as Prometheus would take it, read from the text itself. */
export function samplesAt(text: string, metric: string, seconds: number): SampleLine[] {
  const newest = new Map<string, SampleLine>();
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${metric}{`)) continue;
    const end = line.lastIndexOf('}');
    const key = line.slice(metric.length + 1, end);
    const [value = '', time = ''] = line.slice(end + 2).split(' ');
    const at = Number(time);
    if (at > seconds || at < seconds - LOOKBACK_S || at < (newest.get(key)?.seconds ?? 0)) continue;
    const labels = Object.fromEntries([...key.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, label]) => [name, label]));
    newest.set(key, { labels, value: Number(value), seconds: at });
  }
  return [...newest.values()];
}
