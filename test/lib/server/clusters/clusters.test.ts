/**
 * Clusters as recorded (Ray 2.58): the store's side from events, the metric side from a real Prometheus over recorded samples.
 * Over 300 lines, because both sides are held against the same recording.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Milliseconds, milliseconds, nanoseconds } from '../../../../lib/model/units.ts';
import { clusterAt, getClusterUsage } from '../../../../lib/server/clusters/cluster.ts';
import { startClusterRecorder } from '../../../../lib/server/clusters/cluster-recorder.ts';
import { clusterBoard } from '../../../../lib/server/clusters/clusters.ts';
import { listJobs } from '../../../../lib/server/jobs/jobs.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import {
  type RecordedPrometheus,
  recordedSamples,
  samplesAt,
  serveRecorded,
} from '../../../support/recorded-prometheus.ts';
import { eventBodies, postEvents, recorded, truth } from '../../../support/recordings.ts';

interface Listed<Row> {
  readonly data: { readonly result: { readonly result: readonly Row[] } };
}
interface StateApiNode {
  readonly node_id: string;
  readonly node_ip: string;
  readonly node_name: string;
  readonly is_head_node: boolean;
  readonly state: string;
  readonly resources_total: Readonly<Record<string, number>>;
  readonly start_time_ms: number;
}
interface StateApiActor {
  readonly actor_id: string;
  readonly class_name: string;
  readonly state: string;
}

const listed = <Row>(scenario: string, what: string): readonly Row[] =>
  (recorded(scenario, `http/after/${what}.json`) as Listed<Row>).data.result.result;
const seconds = (at: Milliseconds): number => at / 1000;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe.each(['mixed', 'oom'])('recording %s, from events alone', (scenario) => {
  let runtime: Runtime;
  const session = truth(scenario).session_name;
  beforeAll(async () => {
    runtime = await openTestRuntime();
    await postEvents(runtime, eventBodies(scenario), 'recorded');
  });
  afterAll(() => runtime.close());
  const cluster = (at: Milliseconds | null) => clusterAt(runtime, { cluster: 'recorded' }, at);

  it('has the nodes that the State API lists, each raylet in a row of its own', async () => {
    const { nodes } = await cluster(null);
    const real = listed<StateApiNode>(scenario, 'nodes');
    expect(nodes.map((node) => [node.nodeId, node.ip, node.name, node.isHead]).sort()).toEqual(
      real.map((node) => [node.node_id, node.node_ip, node.node_name, node.is_head_node]).sort(),
    );
    for (const node of real)
      expect(nodes.find((one) => one.nodeId === node.node_id)?.resources).toEqual(
        Object.fromEntries(Object.entries(node.resources_total).filter(([name]) => !name.startsWith('node:'))),
      );
  });

  it('has the actors that the State API lists, in the same states', async () => {
    const { actors } = await cluster(null);
    const real = listed<StateApiActor>(scenario, 'actors');
    const short = (rows: readonly (readonly string[])[]) => rows.map(String).sort();
    expect(short(actors.rows.map((actor) => [actor.actorId, actor.className, actor.state]))).toEqual(
      short(real.map((actor) => [actor.actor_id, actor.class_name, actor.state])),
    );
    expect([actors.total, sum(Object.values(actors.byState))]).toEqual([real.length, real.length]);
    const dead = await clusterAt(runtime, { cluster: 'recorded', actorState: 'DEAD' }, null);
    expect(dead.actors.rows.length).toBe(real.filter((actor) => actor.state === 'DEAD').length);
    expect(dead.actors.total).toBe(real.length);
  });

  it('counts the jobs that the jobs list shows', async () => {
    const [{ summary }, { jobs }] = await Promise.all([
      cluster(null),
      listJobs(runtime, { cluster: 'recorded', limit: 1000 }),
    ]);
    expect(summary.jobs.total).toBe(jobs.length);
    expect(summary.jobs.running + summary.jobs.withoutEnd).toBe(
      jobs.filter((job) => job.status === 'RUNNING' || job.status === 'PENDING').length,
    );
  });

  it('is alive at its last word, silent after 2 min or ended, and stays listed for ever', async () => {
    const last = Number(BigInt((await cluster(null)).summary.lastHeardNs ?? 0) / 1_000_000n);
    const at = async (later: number) => (await clusterBoard(runtime, milliseconds(last + later), undefined)).clusters;
    const states = async (later: number) => (await at(later)).map(({ summary }) => summary.state);
    expect(await states(60_000)).toEqual(['alive']);
    expect(await states(5 * 60_000)).toEqual(['silent']);
    expect(await states(2 * 86_400_000)).toEqual(['ended']);
    const [{ summary } = { summary: null }] = await at(30 * 86_400_000);
    expect(summary).toMatchObject({
      cluster: 'recorded',
      session,
      state: 'ended',
      heardFrom: ['events'],
      nodes: { alive: 0, total: listed<StateApiNode>(scenario, 'nodes').length },
      jobs: { running: 0 },
      cpu: {
        used: null,
        total: sum(listed<StateApiNode>(scenario, 'nodes').map((node) => node.resources_total.CPU ?? 0)),
      },
    });
  });

  it('says that Prometheus is down, and has the rest', async () => {
    const { summary, notices } = await cluster(null);
    expect(notices.map((notice) => [notice.source, notice.kind])).toEqual([['prometheus', 'down']]);
    expect(summary.alertsFiring).toBeNull();
  });

  it('does not know a cluster or a session that nobody has heard of', async () => {
    await expect(clusterAt(runtime, { cluster: 'nope' }, null)).rejects.toMatchObject({
      problem: { code: 'not-found' },
    });
    await expect(clusterAt(runtime, { cluster: 'recorded', session: 'nope' }, null)).rejects.toMatchObject({
      problem: { code: 'not-found' },
    });
  });
});

describe('recording mixed, with its metrics', () => {
  const text = recordedSamples('mixed');
  const session = truth('mixed').session_name;
  /** In the middle of the work: both raylets hold GPUs. */
  const at = milliseconds(1_795_466_325_000);
  let prometheus: RecordedPrometheus;
  let runtime: Runtime;
  beforeAll(async () => {
    const [base, started] = await Promise.all([openTestRuntime(), serveRecorded([text])]);
    prometheus = started;
    runtime = { ...base, prometheus: prometheus.source };
    await postEvents(runtime, eventBodies('mixed'));
  }, 60_000);
  afterAll(async () => {
    await prometheus.close();
    await runtime.close();
  });
  const samples = (metric: string) => samplesAt(text, metric, seconds(at));
  const resources = (name: string, state: RegExp) =>
    sum(
      samples('ray_resources')
        .filter(({ labels }) => labels.Name === name && state.test(labels.State ?? ''))
        .map(({ value }) => value),
    );

  it('CPUs and GPUs of total are the sum of both raylets, memory is that of their one host', async () => {
    const { summary } = await clusterAt(runtime, { cluster: session }, at);
    expect(summary.state).toBe('alive');
    expect(summary.heardFrom).toEqual(['events', 'prometheus']);
    expect(summary.rayVersion).toBe('2.58.0');
    expect(summary.cpu).toEqual({ used: resources('CPU', /USED/), total: resources('CPU', /USED|AVAILABLE/) });
    expect(summary.cpu).toEqual({ used: 4.5, total: 8 });
    expect(summary.gpu).toEqual({ used: resources('GPU', /USED/), total: 4 });
    const used = samples('ray_node_mem_used').map(({ value }) => value);
    expect(used.length).toBe(2);
    expect(summary.memoryBytes).toEqual({ used: Math.max(...used), total: 25_276_063_744 });
  });

  it('oddity: two raylets on one IP are two rows that say they share their host', async () => {
    const { nodes } = await clusterAt(runtime, { cluster: session }, at);
    expect(nodes.map((node) => [node.name, node.sharesHostWith])).toEqual([
      ['ray-head', ['ray-worker-1']],
      ['ray-worker-1', ['ray-head']],
    ]);
    const of = (head: string, name: string, state: string) =>
      samples('ray_resources').find(({ labels }) => {
        const instance = samples('ray_node_cpu_count').find((one) => one.labels.IsHeadNode === head)?.labels.instance;
        return labels.Name === name && labels.State === state && labels.instance === instance;
      })?.value;
    expect(nodes.map((node) => node.cpu.used)).toEqual([of('true', 'CPU', 'USED'), of('false', 'CPU', 'USED')]);
    expect(new Set(nodes.map((node) => node.memoryUsedBytes)).size).toBe(1);
  });

  it('no GPU utilisation was recorded: what is wasted is not known, and not zero', async () => {
    const { summary } = await clusterAt(runtime, { cluster: session }, at);
    expect(summary.waste).toEqual({ gpusAllocated: 4, gpusUsed: null, gpusWasted: null });
  });

  it('ends at once when metrics no longer know it and no job is under way', async () => {
    const { clusters } = await clusterBoard(runtime, milliseconds(1_795_466_567_000 + 180_000));
    // Its metrics were never written down here (no recorder ran), so events alone speak: silent until the grace is over.
    expect(clusters.map(({ summary }) => summary.state)).toEqual(['silent']);
    await runtime.engine.insert('xray.ray_heard', [
      { session, source: 'prometheus', first_ns: '1795466240000000000', last_ns: '1795466567000000000' },
    ]);
    const later = await clusterBoard(runtime, milliseconds(1_795_466_567_000 + 180_000));
    expect(later.clusters.map(({ summary }) => summary.state)).toEqual(['ended']);
  });

  it('use over time is the recorded one at every point, on one grid', async () => {
    const from = BigInt(at - 60_000) * 1_000_000n;
    const usage = await getClusterUsage(runtime, {
      cluster: session,
      session,
      from,
      to: BigInt(at) * 1_000_000n,
      points: 12,
    });
    expect([usage.stepMs, usage.count]).toEqual([5000, 13]);
    for (let i = 0; i < usage.count; i += 1) {
      const then = (usage.startMs + i * usage.stepMs) / 1000;
      const memory = samplesAt(text, 'ray_node_mem_used', then).map(({ value }) => value);
      const cpus = samplesAt(text, 'ray_resources', then).filter(({ labels }) => labels.Name === 'CPU');
      const used = sum(cpus.filter(({ labels }) => labels.State === 'USED').map(({ value }) => value));
      expect([usage.memoryUsedBytes[i], usage.cpuAllocated[i], usage.cpuTotal[i]]).toEqual([
        Math.max(...memory),
        used,
        sum(cpus.map(({ value }) => value)),
      ]);
    }
    expect(usage.gpuBusy).toEqual([]);
    expect(usage.tasksRunning.every((count) => count === null || count >= 0)).toBe(true);
  });
});

/** Two hosts of two GPUs; names, labels and units are Ray's, the numbers are made up. */
const SYNTHETIC_GPUS = (() => {
  const lines: string[] = [];
  const series = (name: string, labels: string, value: number) => {
    const own = `SessionName="session_synthetic",ray_io_cluster="synthetic",${labels}`;
    return [0, 5, 10].map((second) => `${name}{${own}} ${value} ${1_795_466_300 + second}`);
  };
  const metric = (name: string, rows: readonly (readonly [labels: string, value: number])[]) => {
    lines.push(`# TYPE ${name} gauge`, ...rows.flatMap(([labels, value]) => series(name, labels, value)));
  };
  const host = (n: number) => `ip="198.51.100.${n}",instance="198.51.100.${n}:8080"`;
  const gpu = (n: number, index: number) => `${host(n)},GpuIndex="${index}",GpuUuid="GPU-${n}-${index}"`;
  const resource = (n: number, state: string) =>
    `NodeAddress="198.51.100.${n}",instance="198.51.100.${n}:8080",Name="GPU",State="${state}"`;
  metric('ray_node_gram_available', [[gpu(1, 0), 81_559 - 40_000]]);
  metric('ray_node_gram_used', [[gpu(1, 0), 40_000]]);
  metric('ray_node_gpus_utilization', [
    [gpu(1, 0), 100],
    [gpu(1, 1), 0],
    [gpu(2, 0), 25],
    [gpu(2, 1), 0],
  ]);
  metric('ray_node_mem_total', [
    [host(1), 1000],
    [host(2), 1000],
  ]);
  metric('ray_resources', [
    [resource(1, 'USED'), 1],
    [resource(1, 'AVAILABLE'), 1],
    [resource(2, 'USED'), 2],
    [resource(2, 'AVAILABLE'), 0],
  ]);
  return `${lines.join('\n')}\n# EOF\n`;
})();

describe('a cluster that only Prometheus knows (synthetic GPUs)', () => {
  const at = milliseconds(1_795_466_310_000);
  let prometheus: RecordedPrometheus;
  let runtime: Runtime;
  beforeAll(async () => {
    const [base, started] = await Promise.all([openTestRuntime(), serveRecorded([SYNTHETIC_GPUS])]);
    prometheus = started;
    runtime = { ...base, prometheus: prometheus.source };
  }, 60_000);
  afterAll(async () => {
    await prometheus.close();
    await runtime.close();
  });

  it('is listed, and what is allocated and idle is wasted', async () => {
    const { clusters } = await clusterBoard(runtime, at);
    expect(clusters.map(({ summary }) => summary)).toMatchObject([
      {
        cluster: 'synthetic',
        session: 'session_synthetic',
        state: 'alive',
        nodes: { alive: 2, total: 2 },
        gpu: { used: 3, total: 4 },
        // Host 1: one allocated, one busy. Host 2: two allocated, a quarter of one busy.
        waste: { gpusAllocated: 3, gpusUsed: 1.25, gpusWasted: 1.75 },
        heardFrom: ['prometheus'],
      },
    ]);
  });

  it('shows GPU memory in bytes, though Ray reports MiB', async () => {
    const { nodes } = await clusterAt(runtime, { cluster: 'synthetic' }, at);
    expect(nodes[0]?.gpus[0]).toMatchObject({
      index: 0,
      utilization: 1,
      memoryUsedBytes: 40_000 * 1024 ** 2,
      memoryTotalBytes: 81_559 * 1024 ** 2,
    });
    expect(nodes[1]?.gpus[0]).toMatchObject({ utilization: 0.25, memoryUsedBytes: null });
  });

  it('stays listed, ended, when Prometheus has forgotten it: the recorder wrote it down', async () => {
    const then: Runtime = {
      ...runtime,
      prometheus: { ...prometheus.source, instant: (query) => prometheus.source.instant({ time: at, ...query }) },
    };
    const recorder = startClusterRecorder(then);
    await recorder.look();
    recorder.close();
    const { clusters } = await clusterBoard(runtime, null);
    expect(clusters.map(({ summary }) => summary)).toMatchObject([
      {
        cluster: 'synthetic',
        state: 'ended',
        nodes: { alive: 0 },
        gpu: { used: null },
        heardFrom: ['prometheus'],
        lastHeardNs: '1795466310000000000',
      },
    ]);
  });
});

it('a submission that was heard of before its driver started is one job, not two', async () => {
  const runtime = await openTestRuntime();
  const session = 'session_synthetic';
  const now = nanoseconds(BigInt(Date.now()) * 1_000_000n);
  await runtime.ingest.rayFacts({
    sightings: [{ session, cluster: 'one', rayVersion: null, seen: milliseconds(Date.now()) }],
    jobs: [
      { session, jobId: 'sub_1', submissionId: 'sub_1', status: 'PENDING', statusTime: now, entrypoint: 'python a.py' },
    ],
  });
  const jobs = async () => (await clusterBoard(runtime, null)).clusters[0]?.summary.jobs;
  expect(await jobs()).toMatchObject({ total: 1 });
  await runtime.ingest.rayFacts({
    jobs: [
      {
        session,
        jobId: '05000000',
        submissionId: 'sub_1',
        status: 'SUCCEEDED',
        statusTime: now,
        start: now,
        end: now,
        entrypoint: 'python a.py',
      },
    ],
  });
  expect(await jobs()).toMatchObject({ running: 0, total: 1 });
  expect((await listJobs(runtime, { cluster: 'one', limit: 10 })).jobs).toHaveLength(1);
  await runtime.close();
});

it('of 12,000 nodes 10,000 are listed, and that is said', async () => {
  const runtime = await openTestRuntime();
  try {
    const session = 'session_of_many_nodes';
    const seen = milliseconds(Date.now());
    await runtime.ingest.rayFacts({ sightings: [{ session, cluster: 'many', rayVersion: null, seen }] });
    await runtime.engine.insert(
      'xray.ray_nodes',
      Array.from({ length: 12_000 }, (_, i) => ({ session, node_id: `node-${i}`, name: `host-${i}` })),
    );
    const { nodes, notices } = await clusterAt(runtime, { cluster: 'many' }, null);
    expect(nodes).toHaveLength(10_000);
    expect(notices.map(({ message }) => message)).toContain('12,000 nodes are known; the first 10,000 are shown.');
  } finally {
    await runtime.close();
  }
});
