/**
 * NCCL Inspector's gauges through a real Prometheus: the synthetic textfiles (test/fixtures/nccl/synthetic-inspector, no GPU was
 * involved) as blocks, queried over HTTP. The recording of node_textfile_mtime_seconds is rounded to 1,000 s in its text, so
 * the times of writing are those that its truth.json tells: every 30 s, and none in the last interval.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommunicatorWire } from '../../../../lib/contract/collectives.ts';
import { collectiveRanks, collectives } from '../../../../lib/server/collectives/collectives.ts';
import { createConfiguredPrometheus } from '../../../../lib/server/prometheus/prometheus-configured.ts';
import type { PrometheusSource } from '../../../../lib/server/runtime/prometheus-source.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { NO_AUTH } from '../../sources/prometheus/replay.ts';

const folder = new URL('../../../fixtures/nccl/synthetic-inspector/textfile/', import.meta.url);
const INTERVALS = ['t0030', 't0060', 't0090', 't0120'];
/** Unix s of the first dump, an hour ago; each of the four windows is repeated so that there are intervals enough to judge. */
const START = Math.floor(Date.now() / 60_000) * 60 - 3600;
const REPEATS = 8;
const signal = new AbortController().signal;

interface Sample {
  readonly series: string;
  readonly value: string;
}
const samplesOf = (interval: string): Sample[] =>
  readdirSync(new URL(`${interval}/`, folder))
    .filter((name) => name.startsWith('nccl_inspector'))
    .flatMap((name) =>
      readFileSync(new URL(`${interval}/${name}`, folder), 'utf8')
        .trim()
        .split('\n')
        .map((line) => {
          const at = line.lastIndexOf(' ');
          return { series: line.slice(0, at).replace(/}$/, ',instance="node-0:9100"}'), value: line.slice(at + 1) };
        }),
    );

/** What a scrape every 15 s would have stored. Values of repeats differ in the seventh digit, as means of new operations do. */
function openMetrics(): string {
  const series = new Map<string, string[]>();
  const add = (name: string, value: number, time: number) =>
    series.set(name, [...(series.get(name) ?? []), `${value} ${time}`]);
  let time = START;
  let written = START;
  for (const interval of INTERVALS) {
    const frozen = interval === 't0120';
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      if (!frozen) written = time;
      for (const offset of [0, 15]) {
        for (const { series: name, value } of samplesOf(interval))
          add(name, Number(value) * (1 + (frozen ? REPEATS - 1 : repeat) * 1e-7), time + offset);
        add(
          'node_textfile_mtime_seconds{file="/t/nccl_inspector_metrics_GPU-0.prom",instance="node-0:9100"}',
          written,
          time + offset,
        );
      }
      time += 30;
    }
  }
  const families = Map.groupBy([...series], ([name]) => name.slice(0, name.indexOf('{')));
  return `${[...families]
    .map(
      ([family, all]) =>
        `# TYPE ${family} unknown\n${all.map(([name, points]) => points.map((point) => `${name} ${point}\n`).join('')).join('')}`,
    )
    .join('')}# EOF\n`;
}

let runtime: Runtime;
let prometheus: PrometheusSource;
let server: ReturnType<typeof spawn>;
const directory = mkdtempSync(join(tmpdir(), 'xray-nccl-'));

beforeAll(async () => {
  const file = join(directory, 'metrics.txt');
  const data = join(directory, 'data');
  mkdirSync(data);
  writeFileSync(file, openMetrics());
  execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', file, data], { stdio: 'pipe' });
  const config = join(directory, 'prometheus.yml');
  writeFileSync(config, '{}\n');
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const address = probe.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await new Promise((done) => probe.close(done));
  server = spawn(
    'prometheus',
    [`--config.file=${config}`, `--storage.tsdb.path=${data}`, `--web.listen-address=127.0.0.1:${port}`],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; ; i++) {
    if ((await fetch(`${url}/-/ready`).catch(() => null))?.ok) break;
    if (i > 240) throw new Error('Prometheus is not ready after 60 s');
    await sleep(250);
  }
  const base = await openTestRuntime();
  prometheus = createConfiguredPrometheus({ url, auth: NO_AUTH }, base.telemetry);
  runtime = { ...base, prometheus };
}, 120_000);
afterAll(async () => {
  await prometheus?.close();
  server?.kill('SIGTERM');
  await runtime?.close();
  rmSync(directory, { recursive: true, force: true });
});

const at = (seconds: number): bigint => BigInt(seconds) * 1_000_000_000n;
/** Windows in intervals of 30 s from the start. */
const during = (from: number, to: number) => ({ from: at(START + from * 30), to: at(START + to * 30), points: 60 });
const named = (list: readonly CommunicatorWire[], name: string): CommunicatorWire => {
  const found = list.find((one) => one.name === name);
  if (!found) throw new Error(`no communicator ${name}`);
  return found;
};

describe("NCCL Inspector's gauges (synthetic)", () => {
  it('name the GPU with the shortest time in each communicator, never one with a low bandwidth', async () => {
    // t0060: steps 20-39, rank 5 of fsdp is late by 2400 us, rank 2 of dp in half of them.
    const { communicators, notices } = await collectives(runtime, during(REPEATS, 2 * REPEATS), signal);
    expect(named(communicators, 'fsdp')).toMatchObject({
      id: 'nccl::48213:fsdp:8:1:node-0',
      source: 'nccl-inspector',
      ranks: 8,
      reporting: 8,
      nodes: 1,
      collectives: ['AllGather', 'ReduceScatter'],
      messageSizesBytes: [4 * 2 ** 20, 8 * 2 ** 20],
      operations: null,
      frozenSinceNs: null,
      verdict: 'late-rank',
      lateRank: { rank: 'node-0/GPU5', host: 'node-0', gpu: 'GPU5', of: 'intervals', share: 1 },
    });
    expect(named(communicators, 'dp').lateRank).toMatchObject({ gpu: 'GPU2' });
    expect(notices).toEqual([]);
    const lateness = Number(named(communicators, 'fsdp').lateRank?.latenessNs) / 1000;
    expect(lateness).toBeGreaterThan(2300);
    expect(lateness).toBeLessThan(2500);
  });

  it('accuse nobody where nobody is late', async () => {
    // t0030: steps 0-19, nobody is late in fsdp. t0090: steps 40-59, nobody in dp.
    const before = await collectives(runtime, during(0, REPEATS), signal);
    expect(named(before.communicators, 'fsdp').verdict).toBe('no-late-rank');
    const after = await collectives(runtime, during(2 * REPEATS, 3 * REPEATS), signal);
    expect(named(after.communicators, 'dp').verdict).toBe('no-late-rank');
    expect(named(after.communicators, 'fsdp').lateRank).toMatchObject({ gpu: 'GPU5' });
  });

  it('give the values of the files: median, least and most over GPUs', async () => {
    const files = samplesOf('t0060')
      .filter(
        ({ series }) =>
          series.startsWith('nccl_bus_bandwidth_gbs') && series.includes('"dp"') && series.includes('"64-65MB"'),
      )
      .map(({ value }) => Number(value))
      .sort((a, b) => a - b);
    expect(files).toHaveLength(8);
    const { communicators } = await collectives(runtime, during(REPEATS, 2 * REPEATS), signal);
    const now = named(communicators, 'dp').busbwNow;
    expect(now).toMatchObject({ collective: 'AllReduce', messageSizeBytes: 64 * 2 ** 20 });
    expect(now?.min).toBeCloseTo(files[0] ?? 0, 2);
    expect(now?.max).toBeCloseTo(files[7] ?? 0, 2);
    expect(now?.median).toBeCloseTo(((files[3] ?? 0) + (files[4] ?? 0)) / 2, 2);
  });

  it('say that they are frozen in a hang, since when, and that a value then is no measurement', async () => {
    const { communicators, notices } = await collectives(runtime, during(2 * REPEATS, 4 * REPEATS), signal);
    const last = START + (3 * REPEATS - 1) * 30;
    expect(named(communicators, 'fsdp').frozenSinceNs).toBe(String(at(last)));
    expect(notices.filter((notice) => notice.kind === 'stale').map((notice) => notice.message)).toEqual([
      expect.stringMatching(/frozen: their files were last written 5 min ago/),
      expect.stringMatching(/frozen: their files were last written 5 min ago/),
    ]);
    // The repeated last value is not taken for eight more intervals in which the same GPU is late.
    const ranks = await collectiveRanks(
      runtime,
      { ...during(3 * REPEATS, 4 * REPEATS), communicator: 'nccl::48213:fsdp:8:1:node-0', collective: 'AllGather' },
      signal,
    );
    expect(ranks.verdict).toBe('cannot-tell');
  });

  it('give each GPU its mean time, and its wait against the shortest', async () => {
    const requested = {
      ...during(REPEATS, 2 * REPEATS),
      communicator: 'nccl::48213:fsdp:8:1:node-0',
      collective: 'AllGather',
    };
    const ranks = await collectiveRanks(runtime, { ...requested, messageSize: 8 * 2 ** 20 }, signal);
    expect(ranks.ranks.map((rank) => rank.rank)[0]).toBe('node-0/GPU5');
    const of = (gpu: number) =>
      Number(
        samplesOf('t0060').find(
          ({ series }) =>
            series.startsWith('nccl_collective_exec_time') &&
            series.includes(`"GPU${gpu}"`) &&
            series.includes('"AllGather"') &&
            series.includes('"8-9MB"'),
        )?.value,
      );
    for (const rank of ranks.ranks) {
      expect(rank.meanExecTimeUs).toBeCloseTo(of(rank.gpuIndex ?? -1), 1);
      expect(rank.meanWaitUs).toBeCloseTo(of(rank.gpuIndex ?? -1) - of(5), 1);
      expect(rank.isLate).toBe(rank.gpuIndex === 5);
    }
    await expect(collectiveRanks(runtime, { ...requested, messageSize: 2 }, signal)).rejects.toMatchObject({
      problem: { code: 'not-found' },
    });
  });
});
