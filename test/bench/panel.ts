/**
 * What X-Ray adds to a range query: 64 synthetic series x 240 points of a real Prometheus, asked raw (HTTP and JSON.parse)
 * and through the client, decoder and chart preparation. Interleaved, so that both see the same machine; the figure is a ratio.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareTimeChart } from '../../lib/chart/time-series/time-chart.ts';
import { milliseconds } from '../../lib/model/units.ts';
import { createPrometheusClient } from '../../lib/sources/prometheus/client.ts';
import { median, type Report } from './figure.ts';
import { freePort, untilAnswers } from './server.ts';

const SERIES = 64;
const POINTS = 240;
const STEP_S = 15;
const ROUNDS = 60;
const PROMQL = 'synthetic_gpu_use';

/** OpenMetrics text of the last hour: every series a wave of its own. */
function openMetrics(endS: number): string {
  const lines = ['# TYPE synthetic_gpu_use gauge'];
  for (let series = 0; series < SERIES; series++)
    for (let point = 0; point <= POINTS; point++)
      lines.push(
        `synthetic_gpu_use{node="node-${series >> 3}",gpu="${series & 7}"} ${(50 + 40 * Math.sin(series + point / 9)).toFixed(3)} ${endS - (POINTS - point) * STEP_S}`,
      );
  return `${lines.join('\n')}\n# EOF\n`;
}

export async function run(report: Report): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'xray-panel-'));
  const endS = Math.floor(Date.now() / 1000 / STEP_S) * STEP_S - 600;
  writeFileSync(join(directory, 'history.om'), openMetrics(endS));
  writeFileSync(join(directory, 'prometheus.yml'), 'scrape_configs: []\n');
  const blocks = join(directory, 'data');
  const made = spawnSync('promtool', [
    'tsdb',
    'create-blocks-from',
    'openmetrics',
    join(directory, 'history.om'),
    blocks,
  ]);
  if (made.status !== 0) throw new Error(`promtool: ${made.stderr}`);
  const port = await freePort();
  const prometheus = spawn(
    'prometheus',
    [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${blocks}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--storage.tsdb.retention.time=10y',
    ],
    { stdio: 'ignore' },
  );
  try {
    const url = `http://127.0.0.1:${port}`;
    await untilAnswers(`${url}/-/ready`, prometheus, 60);
    const client = createPrometheusClient({ url, auth: { bearerToken: null, basic: null, headers: {}, caFile: null } });
    const [from, to] = [(endS - (POINTS - 1) * STEP_S) * 1000, endS * 1000];
    const form = new URLSearchParams({
      query: PROMQL,
      start: String(from / 1000),
      end: String(to / 1000),
      step: String(STEP_S),
    });
    const raw = async (): Promise<number> => {
      const answer = await fetch(`${url}/api/v1/query_range`, { method: 'POST', body: form });
      const body = JSON.parse(await answer.text()) as { data: { result: { values: unknown[] }[] } };
      return body.data.result.reduce((sum, series) => sum + series.values.length, 0);
    };
    const panel = async (): Promise<number> => {
      const { data } = await client.range({
        name: 'bench',
        promql: PROMQL,
        from: milliseconds(from),
        to: milliseconds(to),
        step: milliseconds(STEP_S * 1000),
      });
      const model = prepareTimeChart(
        { count: data.count, startMs: data.start, stepMs: data.step, series: data.series },
        { name: (labels) => `${labels.node} ${labels.gpu}`, format: String },
      );
      return model.lines.reduce((sum, line) => sum + line.values.filter((value) => value !== null).length, 0);
    };
    for (const [what, ask] of [
      ['raw', raw],
      ['panel', panel],
    ] as const) {
      const points = await ask();
      if (points < SERIES * (POINTS - 1)) throw new Error(`${what} got ${points} points of ${SERIES * POINTS}`);
    }
    const ratios: number[] = [];
    const took = { raw: [] as number[], panel: [] as number[] };
    const timed = async (ask: () => Promise<number>): Promise<number> => {
      const began = performance.now();
      await ask();
      return performance.now() - began;
    };
    for (let round = 0; round < ROUNDS + 10; round++) {
      // Whoever comes first in a round may warm something for the other: take turns.
      const first = round % 2 === 0;
      const a = await timed(first ? raw : panel);
      const b = await timed(first ? panel : raw);
      if (round < 10) continue;
      took.raw.push(first ? a : b);
      took.panel.push(first ? b : a);
      ratios.push(first ? b / a : a / b);
    }
    report({ suite: 'panel', figure: 'raw-query-p50', value: median(took.raw), unit: 'ms' });
    report({ suite: 'panel', figure: 'panel-query-p50', value: median(took.panel), unit: 'ms' });
    report({
      suite: 'panel',
      figure: 'overhead-over-raw-query',
      value: median(took.panel) / median(took.raw),
      unit: 'ratio',
    });
  } finally {
    const exit = once(prometheus, 'exit');
    prometheus.kill('SIGKILL');
    await exit;
    rmSync(directory, { recursive: true, force: true });
  }
}
