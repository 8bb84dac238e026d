/** Labels of alerts against a recorded cluster: two raylets on one address, and a rank found through its GPU. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { resolveEntities } from '../../../../lib/server/alerts/alert-entities.ts';
import { listRanThen } from '../../../../lib/server/jobs/tasks.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { eventBodies, postEvents, truth } from '../../../support/recordings.ts';

let runtime: Runtime;
const session = truth('mixed').session_name;
const now = 1_795_470_000_000_000_000n;
const window = { fromNs: 1_795_460_000_000_000_000n, toNs: now };

beforeAll(async () => {
  runtime = await openTestRuntime();
  await postEvents(runtime, eventBodies('mixed'), 'recorded');
});
afterAll(() => runtime.close());

it('does not choose between two raylets on one IP, but names their session and cluster', async () => {
  const entities = await resolveEntities(runtime, { ip: '192.0.2.2' }, window);
  expect(entities).toMatchObject({ nodeId: null, nodeIp: '192.0.2.2', session, cluster: 'recorded' });
});

it('knows nothing of an address that no node had', async () => {
  const entities = await resolveEntities(runtime, { instance: '192.0.2.99:9400' }, window);
  expect(entities).toMatchObject({ nodeId: null, session: null, nodeIp: '192.0.2.99' });
});

it('names the rank and worker of a GPU from synthetic spans, by UUID and by host and index', async () => {
  const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const span = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    name: 'train.step',
    startTimeUnixNano: String(now - 60_000_000_000n),
    endTimeUnixNano: String(now - 59_000_000_000n),
    attributes: [attribute('rank', '37'), attribute('gpu.index', '5'), attribute('ray.worker_id', 'ab'.repeat(28))],
  };
  const resource = { attributes: [attribute('host.name', 'node-4'), attribute('hw.id', 'GPU-5ca1ab1e')] };
  const bytes = Buffer.from(JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }));
  await runtime.ingest.traces({ bytes, contentType: 'application/json', contentEncoding: '', cluster: null });
  const found = { rank: '37', workerId: 'ab'.repeat(28) };
  expect(await resolveEntities(runtime, { gpu: '5', UUID: 'GPU-5ca1ab1e' }, window)).toMatchObject(found);
  expect(await resolveEntities(runtime, { gpu: 'GPU5', node: 'node-4' }, window)).toMatchObject(found);
  expect(await resolveEntities(runtime, { gpu: 'GPU6', node: 'node-4' }, window)).toMatchObject({ rank: null });
});

it('counts what ran there then before the limit, and narrows by cluster and function', async () => {
  const query = { from: BigInt(window.fromNs), to: BigInt(window.toNs), limit: 3 };
  const all = await listRanThen(runtime, query);
  expect(all.rows).toHaveLength(3);
  expect(all.matched).toBeGreaterThan(3);
  const one = await listRanThen(runtime, { ...query, function: 'flaky_parse', limit: 1000 });
  expect(new Set(one.rows.map((row) => row.functionName))).toEqual(new Set(['flaky_parse']));
  expect(one.matched).toBe(one.rows.length);
  expect((await listRanThen(runtime, { ...query, cluster: 'elsewhere' })).matched).toBe(0);
  expect((await listRanThen(runtime, { ...query, cluster: 'recorded' })).matched).toBe(all.matched);
});
