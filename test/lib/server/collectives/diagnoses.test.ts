/** Simulated incidents whose culprit is known, as spans through ingest: the API names it, or nobody where nothing is broken. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Incident, incidentWorld } from '../../../../lib/demo/clusters/incidents.ts';
import { clusterEvents } from '../../../../lib/demo/emit/cluster-events.ts';
import { taskEvents } from '../../../../lib/demo/emit/ray-events.ts';
import { stepSpans, stepsEnding } from '../../../../lib/demo/emit/spans.ts';
import { collectives } from '../../../../lib/server/collectives/collectives.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { slowNodes } from '../../../../lib/server/timeline/slow-nodes.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';

const WINDOW_MS = 15 * 60_000;
const FIRST = Date.UTC(2026, 10, 20, 12, 0, 0);
let runtime: Runtime;
beforeAll(async () => {
  runtime = await openTestRuntime();
});
afterAll(() => runtime.close());

const ns = (ms: number) => BigInt(ms) * 1_000_000n;

/** A body as it comes to the public doors. */
const body = (value: unknown) => ({
  bytes: Buffer.from(JSON.stringify(value)),
  contentType: 'application/json',
  contentEncoding: '',
  cluster: null,
});

/** The first two worlds with an incident, each in an hour of its own. */
function* worlds(incident: Incident) {
  for (let [seed, found] = [1, 0]; found < 2; seed++) {
    const anchor = FIRST + seed * 3_600_000;
    const { world, truth } = incidentWorld(seed, anchor, 32);
    if (truth.incident !== incident) continue;
    found++;
    yield { world, truth, anchor };
  }
}

/** What the API says of the collectives of each. */
async function answers(incident: Incident) {
  const found = [];
  for (const { world, truth, anchor } of worlds(incident)) {
    const steps = stepsEnding(world, anchor - WINDOW_MS, anchor);
    for (let at = 0; at < steps.length; at += 10)
      await runtime.ingest.traces(
        body({ resourceSpans: steps.slice(at, at + 10).flatMap((step) => stepSpans(world, step)) }),
      );
    const window = { from: ns(anchor - WINDOW_MS - 60_000), to: ns(anchor + 60_000), points: 60 };
    const { communicators } = await collectives(runtime, window, new AbortController().signal);
    expect(communicators.length).toBe(6);
    found.push({ truth, communicators });
  }
  return found;
}

describe('of a simulated incident', () => {
  it('the GPU that throttles is the late rank of everything it takes part in', async () => {
    for (const { truth, communicators } of await answers('gpu-throttle')) {
      const late = communicators.filter(({ lateRank }) => lateRank !== null);
      expect(late).toHaveLength(2);
      for (const { lateRank, lateHost } of late) {
        expect([lateRank?.host, lateRank?.gpu]).toEqual([truth.late?.host, truth.late?.uuid]);
        expect(lateHost).toBeNull();
      }
      expect(communicators[0]?.lateRank).not.toBeNull();
    }
  }, 60_000);

  it('the host that waits for its data is named as a host, and none of its ranks', async () => {
    for (const { truth, communicators } of await answers('host-stall')) {
      const [first, ...others] = communicators;
      expect(first).toMatchObject({
        verdict: 'late-host',
        lateHost: { host: truth.late?.host, ranks: 8, of: 'operations' },
      });
      expect(others.map(({ verdict }) => verdict)).toEqual(Array(5).fill('no-late-rank'));
    }
  }, 60_000);

  it('the link that loses lanes is a slow transfer of the communicator that crosses it, and nobody is late', async () => {
    for (const { truth, communicators } of await answers('link')) {
      expect(communicators[0]?.name).toBe(truth.transfer);
      expect(communicators.map(({ slowTransfer }) => slowTransfer !== null)).toEqual([true, ...Array(5).fill(false)]);
      expect(communicators.every(({ lateRank, lateHost }) => lateRank === null && lateHost === null)).toBe(true);
    }
  }, 60_000);

  it.each(['gpu-ecc', 'wrong-shards', 'gc-pauses'] as const)(
    '%s: the GPU that is slow now and then, or a little, is named',
    async (incident) => {
      for (const { truth, communicators } of await answers(incident))
        expect([communicators[0]?.lateRank?.host, communicators[0]?.lateRank?.gpu]).toEqual([
          truth.late?.host,
          truth.late?.uuid,
        ]);
    },
    60_000,
  );

  it('the host whose CPUs others take is named as a host, though never late by the same time', async () => {
    for (const { truth, communicators } of await answers('noisy-neighbour'))
      expect([communicators[0]?.lateHost?.host, communicators[0]?.lateRank]).toEqual([truth.late?.host, null]);
  }, 60_000);

  it('a link whose packets are damaged in most steps is a slow transfer of the communicator that crosses it', async () => {
    for (const { truth, communicators } of await answers('nic-errors'))
      expect(communicators.filter(({ slowTransfer }) => slowTransfer).map(({ name }) => name)).toEqual([
        truth.transfer,
      ]);
  }, 60_000);

  it('a node that reads its shards slowly is the slow node of that function, and of no other', async () => {
    for (const incident of ['storage', 'clock-skew'] as const)
      for (const { world, truth, anchor } of worlds(incident)) {
        const events = [...clusterEvents(world), ...taskEvents(world, anchor - WINDOW_MS, anchor)];
        for (let at = 0; at < events.length; at += 5000)
          await runtime.ingest.rayEvents(body(events.slice(at, at + 5000)));
        await runtime.timelines.keep();
        const job = { jobId: world.jobs.preprocess?.submissionId ?? '', session: world.session };
        const { slowNodes: found, judged } = await slowNodes(runtime, job);
        expect(judged).toBeGreaterThan(2);
        expect(found.map((slow) => `${slow.function} ${slow.nodeName}`)).toEqual(
          truth.slowHost === null ? [] : [truth.slowHost],
        );
      }
  }, 60_000);

  it('the rank that hangs is named by the communicator that stands still for it, unless its data stopped coming', async () => {
    for (const { world, truth, anchor } of worlds('hang')) {
      const from = anchor - WINDOW_MS;
      const steps = stepsEnding(world, from, anchor);
      for (let at = 0; at < steps.length; at += 10)
        await runtime.ingest.traces(
          body({ resourceSpans: steps.slice(at, at + 10).flatMap((step) => stepSpans(world, step)) }),
        );
      const hangs = world.faults.hang?.start ?? 0;
      const events = async (begin: number, end: number) => {
        const list = taskEvents(world, begin, end);
        for (let at = 0; at < list.length; at += 5000) await runtime.ingest.rayEvents(body(list.slice(at, at + 5000)));
        await runtime.timelines.keep();
      };
      await runtime.ingest.rayEvents(body(clusterEvents(world)));
      await events(from, hangs + 15_000);
      const ask = () =>
        collectives(
          runtime,
          { from: ns(from), to: ns(anchor), session: world.session, points: 60 },
          new AbortController().signal,
        );
      // Nothing was heard of the session since: that its spans stopped says nothing.
      for (const { standstill } of (await ask()).communicators) expect(standstill).toBeNull();
      await events(hangs + 15_000, anchor);
      const { communicators } = await ask();
      const [first] = communicators;
      expect(communicators.every(({ standstill }) => standstill !== null)).toBe(true);
      expect(first?.name).toBe(truth.hang?.communicator);
      expect(first?.standstill?.silent.map(({ host, gpu }) => [host, gpu])).toEqual([
        [truth.hang?.host, truth.hang?.uuid],
      ]);
      const since = Number(BigInt(first?.standstill?.sinceNs ?? 0) / 1_000_000n);
      expect(Math.abs(since - hangs)).toBeLessThan(15_000);
    }
  }, 60_000);

  it('a clock that is half a minute off accuses nobody', async () => {
    for (const { communicators } of await answers('clock-skew'))
      for (const { verdict, slowTransfer } of communicators)
        expect([verdict, slowTransfer]).toEqual(['no-late-rank', null]);
  }, 60_000);
});
