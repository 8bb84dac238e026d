/** A real Prometheus filled with OpenMetrics text by promtool, for tests of use cases. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PrometheusSource } from '../../lib/server/prometheus-source.ts';
import { createPrometheusClient } from '../../lib/sources/prometheus/client.ts';
import { NO_AUTH } from '../sources/prometheus/replay.ts';

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** `text`: OpenMetrics with timestamps, ending in `# EOF`. Lookback is 15 s: such blocks carry no staleness markers. */
export async function openRecordedPrometheus(text: string): Promise<PrometheusSource> {
  const directory = mkdtempSync(join(tmpdir(), 'xray-prometheus-'));
  writeFileSync(join(directory, 'metrics.om'), text);
  writeFileSync(join(directory, 'prometheus.yml'), 'scrape_configs: []\n');
  const data = join(directory, 'data');
  execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', join(directory, 'metrics.om'), data]);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server: ChildProcess = spawn(
    'prometheus',
    [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${data}`,
      '--storage.tsdb.retention.time=10y',
      '--query.lookback-delta=15s',
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const client = createPrometheusClient({ url, auth: NO_AUTH });
  for (let i = 0; ; i++) {
    if (await client.instant({ name: 'ready', promql: 'vector(1)' }).catch(() => null)) break;
    if (i > 200) throw new Error('Prometheus did not start in 20 s');
    await sleep(100);
  }
  return {
    url: () => url,
    ...client,
    health: () => {
      throw new Error('health is not part of this test');
    },
    async close() {
      const ended = new Promise((done) => server.once('exit', done));
      server.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
