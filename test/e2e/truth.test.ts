/**
 * Every page's numbers against the simulation that they come from, through the whole road: emission, ingest or scrape, store or
 * Prometheus, API. The same seed and anchor make the same clusters here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { clusterRoute, clustersRoute } from '../../lib/contract/clusters.ts';
import { collectivesRoute, ranksRoute } from '../../lib/contract/collectives.ts';
import { healthRoute } from '../../lib/contract/health.ts';
import { jobRoute, tasksSummaryRoute } from '../../lib/contract/jobs.ts';
import { type HeatmapWire, heatmapRoute, oomRoute } from '../../lib/contract/memory.ts';
import { timelineRoute } from '../../lib/contract/timeline.ts';
import { traceSizeRoute } from '../../lib/contract/traces.ts';
import { chosenWorlds } from '../../lib/demo/clusters/incidents.ts';
import { countSpans } from '../../lib/demo/emit/otlp.ts';
import { stepSpans, stepsEnding } from '../../lib/demo/emit/spans.ts';
import { messageBytes, requestsBetween } from '../../lib/demo/jobs/serving.ts';
import { linkFactor, stageOf, stepAt, trainingStep } from '../../lib/demo/jobs/training.ts';
import { attemptsBetween, gpuMemoryUsed, killsBetween, nodeMemory } from '../../lib/demo/state/memory.ts';
import { Tally } from '../../lib/demo/state/tally.ts';
import type { Attempt } from '../../lib/demo/world/attempt.ts';
import { NODE_MEMORY, type World } from '../../lib/demo/world/model.ts';
import { planMs } from '../../lib/demo/world/network.ts';
import { get } from './harness.ts';

const MINUTE = 60_000;
const anchor = inject('demoAnchor');
const [demo, idle, ended, inference] = chosenWorlds({ seed: 7, anchor, gpus: 64, incident: null });
const nightly = demo.earlier;
if (!idle || !ended || !inference || !nightly) throw new Error('a cluster is missing');
const ns = (ms: number): bigint => BigInt(Math.round(ms * 1000)) * 1000n;

/** Attempts of a job that has ended. */
const attemptsOf = (world: World, jobId: string): Attempt[] =>
  attemptsBetween(world, world.boot, world.jobs.train.end ?? anchor).filter((one) => one.jobId === jobId);

beforeAll(async () => {
  for (let i = 0; i < 240; i++) {
    const { sources } = await get(healthRoute, {});
    if (sources.find(({ kind }) => kind === 'demo')?.details.historyShare === 1) return;
    await sleep(500);
  }
  throw new Error('the past is not there');
}, 130_000);

describe('what X-Ray shows of the simulation is what the simulation did:', () => {
  it.each([
    ['the run that ended', nightly],
    ['the cluster that ended', ended],
  ])('attempts and durations of %s', async (_name, world) => {
    const { jobId, submissionId, start, end } = world.jobs.train;
    const truth = attemptsOf(world, jobId);
    const { session } = world;
    const { job } = await get(jobRoute, { jobId: submissionId, session });
    expect(job).toMatchObject({
      cluster: world.cluster,
      startNs: String(ns(start)),
      endNs: String(ns(end ?? 0)),
      tasks: { attempts: truth.length, finished: truth.length, failed: 0, running: 0, pending: 0, retries: 0 },
    });
    const { functions, completeness } = await get(tasksSummaryRoute, { jobId: submissionId, session });
    // Only the State API says how many there are; the cluster that ended has none.
    expect(completeness.reported).toBe(world === nightly ? truth.length : null);
    const byFunction = Map.groupBy(truth, ({ functionName }) => functionName);
    expect(functions.map(({ name }) => name).sort()).toEqual([...byFunction.keys()].sort());
    for (const { name, attempts, durationNs } of functions) {
      const durations = (byFunction.get(name) ?? [])
        .map((one) => ns(one.ended) - ns(one.started))
        .toSorted((left, right) => Number(left - right));
      expect(attempts).toBe(durations.length);
      expect(durationNs?.max).toBe(String(durations.at(-1)));
      const median = Number(durations[Math.floor(durations.length / 2)]);
      expect(Math.abs(Number(durationNs?.p50) / median - 1)).toBeLessThan(0.01);
    }
    const { matched, lanes } = await get(timelineRoute, { jobId: submissionId, session });
    expect(matched).toBe(truth.length);
    expect(lanes).toHaveLength(world.ranks);
  });

  it('spans of a step', async () => {
    const [step] = stepsEnding(nightly, anchor - 4 * 60 * MINUTE, anchor - 2 * 60 * MINUTE);
    if (step === undefined) throw new Error('no step was sampled');
    const resources = stepSpans(nightly, step);
    const traceId = resources[0]?.scopeSpans[0]?.spans[0]?.traceId ?? '';
    expect((await get(traceSizeRoute, { traceId })).spans).toBe(countSpans(resources));
  });

  it('kills for memory', async () => {
    const until = Date.now() - 30_000;
    const truth = killsBetween(demo, demo.boot, until);
    expect(truth.length).toBeGreaterThan(0);
    const { kills } = await get(oomRoute, { to: String(until) });
    expect(kills.map(({ timeNs }) => timeNs).sort()).toEqual(truth.map(({ time }) => String(ns(time))).sort());
    for (const { timeNs, name, pid, nodeName, nodeTotalBytes, outcome, culprit } of kills) {
      const kill = truth.find(({ time }) => String(ns(time)) === timeNs);
      expect({ name, pid, nodeName, nodeTotalBytes }).toEqual({
        name: 'join_features',
        pid: kill?.attempt.worker.pid,
        nodeName: kill?.attempt.worker.node.name,
        nodeTotalBytes: NODE_MEMORY,
      });
      expect(culprit?.name).toBe('build_index');
      expect(outcome).toMatch(/recovered|retrying/);
    }
  });

  it('memory of every node and GPU in the past', async () => {
    // Scraped once a minute then, whole minutes before the anchor.
    const scrapes = Array.from({ length: 90 }, (_, index) => anchor - (180 - index) * MINUTE);
    const from = (scrapes[15] ?? 0) - 30_000;
    const window = { from: String(from), to: String(from + 60 * MINUTE), cluster: demo.cluster };
    const tally = new Tally(demo);
    const nodes = new Map<string, number[]>();
    for (const time of scrapes) {
      tally.advance(time);
      for (const { index, name } of demo.nodes) {
        const { used } = nodeMemory(demo, index, time, tally.runningOn(index));
        nodes.set(name, [...(nodes.get(name) ?? []), Math.round(used)]);
      }
    }
    /** The largest of what was scraped in each bin: later than its start, up to its end. */
    const binned = (truth: readonly number[], { startMs, stepMs, count }: HeatmapWire) =>
      Array.from({ length: count }, (_, bin) => {
        const start = startMs + bin * stepMs;
        const inside = truth.filter((_value, index) => {
          const time = scrapes[index] ?? 0;
          return time > start && time <= start + stepMs;
        });
        return inside.length === 0 ? null : Math.max(...inside);
      });
    const byNode = await get(heatmapRoute, { ...window, by: 'node', bins: 10 });
    expect(byNode.rows).toHaveLength(demo.nodes.length);
    for (const { label, usedBytes, capacityBytes } of byNode.rows) {
      expect(capacityBytes).toBe(NODE_MEMORY);
      expect(usedBytes).toEqual(binned(nodes.get(label) ?? [], byNode));
    }
    // NVIDIA's GPUs, and AMD's.
    for (const world of [demo, idle]) {
      const byGpu = await get(heatmapRoute, { ...window, cluster: world.cluster, by: 'gpu', bins: 10 });
      expect(byGpu.rows).toHaveLength(world.ranks);
      for (const { nodeIp, gpuIndex, usedBytes, capacityBytes } of byGpu.rows) {
        const node = world.nodes.find(({ ip }) => ip === nodeIp)?.index ?? -1;
        const rank = node * 8 + (gpuIndex ?? -1);
        const truth = scrapes.map((time) => gpuMemoryUsed(world, rank, time) * 1024 ** 2);
        expect(usedBytes).toEqual(binned(truth, byGpu));
        expect(capacityBytes).toBe(world.gpu.memoryMib * 1024 ** 2);
      }
    }
  });

  it('requests that were answered, and their collectives by size, on the GPUs where they were', async () => {
    const [from, to] = [anchor - 60 * MINUTE, anchor - 20 * MINUTE];
    const requests = requestsBetween(inference, from, to).filter(({ end }) => end >= from && end < to);
    const sampled = requests.filter(({ index }) => index % (inference.serving?.oneIn ?? 1) === 0);
    const { communicators, wireBusbw } = await get(collectivesRoute, {
      from: String(from),
      to: String(to),
      cluster: inference.cluster,
    });
    expect(communicators).toHaveLength(1);
    const [only] = communicators;
    expect(only).toMatchObject({
      name: 'chat-tp',
      source: 'spans',
      ranks: 8,
      verdict: 'no-late-rank',
      standstill: null,
    });
    // Of each request an operation of its prompt and of two tokens; those on the edges of the window may count or not.
    expect(Math.abs((only?.operations ?? 0) - 3 * sampled.length)).toBeLessThanOrEqual(3);
    const classOf = (tokens: number): number => 2 ** Math.floor(Math.log2(messageBytes(tokens)));
    const sizes = new Set(sampled.flatMap(({ prompt, together }) => [classOf(prompt), classOf(together)]));
    expect(only?.messageSizesBytes).toEqual([...sizes].sort((left, right) => left - right));
    // The fastest of a size moves what its plan says: 2 (n - 1) / n of its bytes in its time.
    const largest = Math.max(...sizes);
    const fastest = Math.max(
      ...sampled
        .filter(({ prompt }) => classOf(prompt) === largest)
        .map(({ prompt, prefill }) => (1.75 * messageBytes(prompt)) / planMs(prefill) / 1e6),
    );
    const line = wireBusbw.series.find(({ labels }) => labels.message_size === String(largest));
    const shown = Math.max(...(line?.values ?? []).filter((value) => value !== null));
    expect(shown / fastest).toBeGreaterThan(0.98);
    expect(shown / fastest).toBeLessThan(1.02);
    const { ranks } = await get(ranksRoute, { communicator: only?.id ?? '', from: String(from), to: String(to) });
    expect(ranks.map(({ gpuIndex }) => gpuIndex).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('operations of every communicator, and who is late or slow', async () => {
    const to = Math.floor((Date.now() - 60_000) / 1000) * 1000;
    const from = to - 20 * MINUTE;
    const { communicators } = await get(collectivesRoute, {
      from: String(from),
      to: String(to),
      cluster: demo.cluster,
    });
    const named = (name: string) => communicators.find((one) => one.name === name && one.source === 'spans');
    const steps = Array.from(
      { length: stepAt(demo, to) - stepAt(demo, from) + 2 },
      (_, index) => stepAt(demo, from) - 1 + index,
    );
    for (const stage of [0, 1]) {
      const first = demo.nodes.find(({ index }) => stageOf(demo, index) === stage);
      const ends = steps.map((step) => trainingStep(demo, step)[(first?.index ?? 0) * 8]?.dp.end ?? 0);
      const inside = ends.filter((end) => end >= from && end < to).length;
      // An operation on the edge of the window may count or not.
      expect(Math.abs((named(`dp-${stage}`)?.operations ?? 0) - inside)).toBeLessThanOrEqual(1);
    }
    const { throttle, link } = demo.faults;
    expect(named('dp-0')?.lateRank).toMatchObject({
      globalRank: null,
      rank: String(throttle?.rank),
      host: demo.nodes[Math.floor((throttle?.rank ?? 0) / 8)]?.name,
    });
    const stage = stageOf(demo, link?.node ?? 0);
    // What is usual is the upper quintile of the window (lib/analysis/slow-transfer.ts): a fifth of it comes before the change.
    if (linkFactor(demo, stage, stepAt(demo, to)) > 1 && (link?.start ?? 0) > from + 5 * MINUTE) {
      const ratio = named(`dp-${stage}`)?.slowTransfer?.ratio ?? 0;
      expect(ratio * (link?.factor ?? 0)).toBeGreaterThan(0.9);
      expect(ratio * (link?.factor ?? 0)).toBeLessThan(1.1);
    }
  });

  it('clusters: one trains, one answers requests, one holds GPUs that nobody uses, one is gone', async () => {
    const { clusters } = await get(clustersRoute, {});
    const named = (world: World) => clusters.find(({ cluster }) => cluster === world.cluster);
    expect(clusters.map(({ cluster }) => cluster)).toEqual(
      [demo, inference, idle, ended].map(({ cluster }) => cluster),
    );
    expect(named(demo)).toMatchObject({
      state: 'alive',
      session: demo.session,
      nodes: { alive: 8, total: 8 },
      gpu: { used: 64, total: 64 },
      jobs: { running: 2, withoutEnd: 0, total: 3 },
    });
    expect(named(inference)).toMatchObject({
      state: 'alive',
      owner: 'assistant',
      nodes: { alive: 1, total: 1 },
      gpu: { used: 8, total: 8 },
      jobs: { running: 1, withoutEnd: 0, total: 1 },
    });
    expect(named(idle)).toMatchObject({
      state: 'alive',
      owner: 'research',
      nodes: { alive: 2, total: 2 },
      gpu: { used: 16, total: 16 },
      waste: { gpusAllocated: 16, gpusUsed: 0, gpusWasted: 16 },
      jobs: { running: 1, withoutEnd: 0, total: 1 },
    });
    expect(named(ended)).toMatchObject({
      state: 'ended',
      owner: 'search-quality',
      nodes: { alive: 0, total: 2 },
      jobs: { running: 0, withoutEnd: 0, total: 1 },
    });
    const gone = await get(clusterRoute, { cluster: ended.cluster });
    expect(gone.nodes.map(({ state }) => state)).toEqual(['DEAD', 'DEAD']);
    expect(gone.actors.byState).toEqual({ DEAD: ended.ranks });
  });
});
