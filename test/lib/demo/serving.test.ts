import { describe, expect, it } from 'vitest';
import { otherWorlds } from '../../../lib/demo/clusters/other-worlds.ts';
import { servingSpans } from '../../../lib/demo/emit/serving-spans.ts';
import { OPERATIONS_OF_PASS, requestAt, requestsBetween, servingAttempts } from '../../../lib/demo/jobs/serving.ts';
import { federatedSamples } from '../../../lib/demo/server.ts';
import { gpuBusy, nodeMemory } from '../../../lib/demo/state/memory.ts';
import { Tally } from '../../../lib/demo/state/tally.ts';
import { NODE_MEMORY } from '../../../lib/demo/world/model.ts';
import { planMs } from '../../../lib/demo/world/network.ts';

const ANCHOR = Date.UTC(2026, 0, 5, 12, 0, 0);
const world = otherWorlds(7, ANCHOR).find(({ serving }) => serving !== null);
if (!world?.serving) throw new Error('nobody answers requests');
const { serving } = world;
const HOUR = 3_600_000;
const requests = requestsBetween(world, ANCHOR - HOUR, ANCHOR);

describe('the deployment that answers requests', () => {
  it('answers the same requests however they are asked for', () => {
    const pieces = [];
    for (let from = ANCHOR - HOUR; from < ANCHOR; from += 7_777)
      pieces.push(...requestsBetween(world, from, Math.min(ANCHOR, from + 7_777)).map(({ index }) => index));
    expect([...new Set(pieces)]).toEqual(requests.map(({ index }) => index));
    expect(requests.length).toBeGreaterThan(1700);
    for (const request of requests) expect(requestAt(world, serving, request.index)).toEqual(request);
  });

  it('spends a request on a prefill and on tokens, its collectives included, and takes the way that its sizes ask for', () => {
    const ways = new Set<string>();
    for (const { start, prefillEnd, end, answer, prefill, decode, together } of requests) {
      expect(prefillEnd - start).toBeGreaterThan(OPERATIONS_OF_PASS * planMs(prefill));
      expect((end - prefillEnd) / answer).toBeGreaterThan(OPERATIONS_OF_PASS * planMs(decode));
      expect(decode.algorithm).toBe('DDA_FLAT');
      expect(together).toBeGreaterThanOrEqual(1);
      ways.add(prefill.algorithm);
    }
    expect([...ways].sort()).toEqual(['DDA_TREE', 'LP_FP8']);
  });

  it('tells of a request the same in its attempt, its spans and its counts', () => {
    const attempts = servingAttempts(world, ANCHOR - HOUR, ANCHOR);
    expect(attempts).toHaveLength(requests.length);
    const sampled = requests.filter(({ index, end }) => index % serving.oneIn === 0 && end < ANCHOR);
    const spans = servingSpans(world, ANCHOR - HOUR, ANCHOR).flatMap(({ scopeSpans }) =>
      scopeSpans.flatMap((scope) => scope.spans),
    );
    expect(spans).toHaveLength(sampled.length * (3 + 3 * 8));
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
    for (const { index, start, end } of sampled) {
      const attempt = attempts.find((one) => one.ended === Math.round(end * 1000) / 1000);
      const root = spans.find(
        (span) => span.parentSpanId === undefined && span.startTimeUnixNano === `${Math.round(start * 1000)}000`,
      );
      expect(root?.endTimeUnixNano, String(index)).toBe(`${Math.round((attempt?.ended ?? 0) * 1000)}000`);
      const within = spans.filter(({ traceId }) => traceId === root?.traceId);
      for (const span of within) {
        expect(BigInt(span.startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(root?.startTimeUnixNano ?? 0));
        expect(BigInt(span.endTimeUnixNano)).toBeLessThanOrEqual(BigInt(root?.endTimeUnixNano ?? 0));
      }
    }
    const tally = new Tally(world);
    tally.advance(ANCHOR);
    const counted = federatedSamples(tally).find(({ name }) => name === 'ray_serve_deployment_request_counter_total');
    expect(counted?.value).toBe(requestsBetween(world, world.boot, ANCHOR).filter(({ end }) => end <= ANCHOR).length);
    expect(counted?.labels).toMatchObject({ application: 'simulated_chat', deployment: 'LLMServer' });
  });

  it('keeps its GPUs busy while it answers, within the memory that there is', () => {
    const busy = gpuBusy(world, 3, ANCHOR);
    expect(busy.computing).toBeGreaterThan(0.1);
    expect(busy.computing).toBeLessThanOrEqual(1);
    const running = servingAttempts(world, ANCHOR, ANCHOR + 1);
    const memory = nodeMemory(world, 0, ANCHOR, running);
    expect(memory.used).toBeLessThan(NODE_MEMORY);
  });
});
