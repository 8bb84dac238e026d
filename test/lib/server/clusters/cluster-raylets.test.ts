/**
 * A cluster's totals count each raylet once, by the identity that the heat map has: a real Prometheus in which raylets are scraped by two
 * jobs, by an HA pair, through two ports, and by a port before and one after a restart.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { milliseconds } from '../../../../lib/model/units.ts';
import { getClusterUsage } from '../../../../lib/server/clusters/cluster.ts';
import { measureNodes } from '../../../../lib/server/clusters/cluster-measurements.ts';
import { usageOf } from '../../../../lib/server/clusters/clusters.ts';
import type { PrometheusSource } from '../../../../lib/server/runtime/prometheus-source.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { openMetrics, type SyntheticSeries } from '../../../support/open-metrics.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { serveRecorded } from '../../../support/recorded-prometheus.ts';

const FROM = 1_795_466_100;
const MINUTES = 20;
const AT = FROM + MINUTES * 60;
const series: SyntheticSeries[] = [];
const sessionOf = (world: string): string => `session_2026-11-30_00-00-00_000001_${world}`;

interface Target {
  readonly port: number;
  readonly head?: boolean;
  /** Labels of the scrape. */
  readonly by?: Readonly<Record<string, string>>;
  /** Minutes of the recording in which it was there. */
  readonly minutes?: readonly [number, number];
}

/** What Ray's agent says of a raylet with 8 CPUs (3 used) and 2 GPUs (1 used), on a host of 16 GB. */
function scraped(world: string, ip: string, { port, head = false, by = {}, minutes = [0, MINUTES] }: Target): void {
  const [from, to] = minutes;
  const labels = { SessionName: sessionOf(world), instance: `${ip}:${port}`, job: 'ray', ...by };
  const add = (metric: string, own: Readonly<Record<string, string>>, value: number): void => {
    const samples = Array.from({ length: (to - from) * 4 }, (_, i) => [FROM + 3 + from * 60 + i * 15, value] as const);
    series.push({ metric, labels: { ...labels, ...own }, samples });
  };
  const host = { ip, IsHeadNode: String(head) };
  add('ray_node_mem_used', host, 4e9);
  add('ray_node_mem_total', host, 16e9);
  add('ray_node_cpu_count', host, 16);
  const raylet = { NodeAddress: ip, Component: 'raylet' };
  for (const [Name, State, value] of [
    ['CPU', 'USED', 3],
    ['CPU', 'AVAILABLE', 5],
    ['GPU', 'USED', 1],
    ['GPU', 'AVAILABLE', 1],
  ] as const)
    add('ray_resources', { ...raylet, Name, State }, value);
  add('ray_tasks', { NodeAddress: ip, Component: 'core_worker', Name: 'f', State: 'RUNNING' }, 3);
}

const IP = '10.5.0.1';
for (const job of ['ray', 'kuberay'])
  for (const prometheus_replica of ['a', 'b'])
    scraped('jobs', IP, { port: 8080, head: true, by: { job, service: job, prometheus_replica } });
for (const world of ['ports', 'untold', 'two'])
  for (const port of [8080, 44217]) scraped(world, IP, { port, by: { job: `ray-${port}` } });
scraped('restart', IP, { port: 40_001, minutes: [0, 18] });
scraped('restart', IP, { port: 40_002, minutes: [18, MINUTES] });
scraped('roles', IP, { port: 40_001, head: true });
scraped('roles', IP, { port: 40_002 });
// Every raylet twice, three on addresses of their own.
for (const n of [1, 2, 3]) for (const port of [8080, 44217]) scraped('many', `10.5.1.${n}`, { port });

/** Raylets that Ray told of, by world. */
const REPORTED: Readonly<Record<string, readonly string[]>> = {
  ports: [IP],
  two: [IP, IP],
  many: ['10.5.1.1', '10.5.1.2', '10.5.1.3'],
};
// A Prometheus that federates others has one target for all of their raylets.
for (const port of [1, 2])
  scraped('federated', IP, { port, by: { instance: 'federate:9090', exported_instance: `${IP}:${port}` } });

let runtime: Runtime;
let prometheus: PrometheusSource;
const signal = new AbortController().signal;
beforeAll(async () => {
  // Prometheus' own look-back: the port before the restart still has a value.
  prometheus = (await serveRecorded([openMetrics(series)], 300)).source;
  runtime = { ...(await openTestRuntime()), prometheus };
  await runtime.engine.insert(
    'xray.ray_nodes',
    Object.entries(REPORTED).flatMap(([world, addresses]) =>
      addresses.map((ip, i) => ({
        session: sessionOf(world),
        node_id: `${world}-${i}`.padEnd(56, '0'),
        ip,
        is_head: 0,
        start_ns: `${FROM - 60}000000000`,
        seen_ns: `${AT}000000000`,
      })),
    ),
  );
});
afterAll(async () => {
  await prometheus.close();
  await runtime.close();
});

it.each([
  ['one target by two jobs, each by an HA pair', 'jobs', 1],
  ['two ports of the one raylet that Ray told of at the address', 'ports', 1],
  ['two ports at once where Ray told of none: two raylets, as in the heat map', 'untold', 2],
  ['two ports of two raylets that Ray told of', 'two', 2],
  ['a restart on a new port', 'restart', 1],
  ['head and worker on one address', 'roles', 2],
  ['three raylets, each through two ports', 'many', 3],
])('%s', async (_, world, raylets) => {
  const { nodes, complete } = await measureNodes(runtime, sessionOf(world), milliseconds(AT * 1000), signal);
  expect([nodes.length, complete]).toEqual([raylets, true]);
  const hosts = new Set(nodes.map(({ ip }) => ip)).size;
  expect(usageOf(nodes)).toMatchObject({
    cpuAllocated: 3 * raylets,
    cpuTotal: 8 * raylets,
    gpuAllocated: raylets,
    gpuTotal: 2 * raylets,
    memoryUsed: 4e9 * hosts,
    memoryTotal: 16e9 * hosts,
  });
  const window = { from: BigInt(FROM + 60) * 1_000_000_000n, to: BigInt(AT) * 1_000_000_000n, points: 19 };
  const use = await getClusterUsage(runtime, { cluster: 'any', session: sessionOf(world), ...window }, signal);
  expect(use.notices).toEqual([]);
  const every = (value: number): readonly number[] => new Array<number>(use.count).fill(value);
  expect(use.cpuTotal).toEqual(every(8 * raylets));
  expect(use.cpuAllocated).toEqual(every(3 * raylets));
  expect(use.gpuTotal).toEqual(every(2 * raylets));
  expect(use.gpuAllocated).toEqual(every(raylets));
  expect(use.memoryTotalBytes).toEqual(every(16e9 * hosts));
  expect(use.tasksRunning).toEqual(every(3 * raylets));
});

it('raylets that are federated through one target are summed', async () => {
  const { nodes } = await measureNodes(runtime, sessionOf('federated'), milliseconds(AT * 1000), signal);
  expect(usageOf(nodes)).toMatchObject({ cpuTotal: 16, cpuAllocated: 6, gpuTotal: 4, memoryTotal: 16e9 });
  const window = { from: BigInt(AT - 120) * 1_000_000_000n, to: BigInt(AT) * 1_000_000_000n, points: 2 };
  const use = await getClusterUsage(runtime, { cluster: 'any', session: sessionOf('federated'), ...window }, signal);
  expect([use.cpuTotal.at(-1), use.gpuAllocated.at(-1)]).toEqual([16, 2]);
});

it('the newest endpoint of a raylet speaks for it, and every session is told at once', async () => {
  const { nodes } = await measureNodes(runtime, null, milliseconds(AT * 1000), signal);
  const reported = nodes
    .filter(({ session }) => session === sessionOf('restart') || session === sessionOf('jobs'))
    .map(({ session, instance, instances }) => [session, instance, [...instances].sort()]);
  expect(reported.sort()).toEqual([
    [sessionOf('jobs'), `${IP}:8080`, [`${IP}:8080`]],
    [sessionOf('restart'), `${IP}:40002`, [`${IP}:40001`, `${IP}:40002`]],
  ]);
});
