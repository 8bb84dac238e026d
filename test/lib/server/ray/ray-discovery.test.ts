/** A Ray on this machine is found by itself: connected where nothing else is shown, offered beside the demo. */
import { afterEach, describe, expect, it } from 'vitest';
import { listJobs } from '../../../../lib/server/jobs/jobs.ts';
import { type RaySources, startRaySources } from '../../../../lib/server/ray/ray-sources.ts';
import { loadConfig } from '../../../../lib/server/runtime/config.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { createReaderNotices } from '../../../../lib/server/sources/reader-notices.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { type Replay, replayRay } from '../../sources/ray/replay.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function eventually(test: () => void | Promise<void>): Promise<void> {
  for (let i = 0; ; i++) {
    try {
      return await test();
    } catch (error) {
      if (i > 200) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

async function open(
  demo: boolean,
  answer: Replay['override'] = () => null,
): Promise<{ runtime: Runtime; replay: Replay; rays: RaySources }> {
  const replay = await replayRay('mixed');
  replay.override = answer;
  const runtime = await openTestRuntime({ XRAY_RAY_DISCOVERY: replay.url });
  const rays = startRaySources({ ...runtime, config: { ...runtime.config, demo }, readers: createReaderNotices() });
  closers.push(runtime.close, replay.close, rays.close);
  return { runtime, replay, rays };
}

describe('discovery', () => {
  it('connects a found Ray where the demo is off and nothing is configured', async () => {
    const { runtime, rays } = await open(false);
    await eventually(async () => expect((await listJobs(runtime, { limit: 10 })).jobs).toHaveLength(5));
    expect(rays.list().map((ray) => ray.cluster)).toEqual(['local']);
    await eventually(() =>
      expect(rays.health()).toMatchObject([
        { id: 'ray:local', state: expect.stringMatching(/up|degraded/), cluster: 'local' },
      ]),
    );
  });

  it('offers it beside the demo, and asks it nothing but its version', async () => {
    const { replay, rays } = await open(true);
    expect(rays.health()).toEqual([]);
    await eventually(() => expect(rays.health()).toMatchObject([{ id: 'ray:local', state: 'found', kind: 'ray' }]));
    expect(rays.health()[0]?.whatToDo).toContain(`RAY_DASHBOARD_URL=${replay.url}`);
    expect(rays.list()).toEqual([]);
    expect(new Set(replay.asked.map(({ path }) => path))).toEqual(new Set(['/api/version']));
  });

  it('finds a Ray that wants a token, and says that it does', async () => {
    const { rays } = await open(true, () => ({ status: 401, body: 'Unauthorized: Missing authentication token' }));
    await eventually(() => expect(rays.health()[0]?.whatToDo).toContain('RAY_AUTH_TOKEN'));
  });

  it('something else on that port is no Ray', async () => {
    const { replay, rays } = await open(false, () => ({ status: 200, body: '{"hello":"world"}' }));
    await eventually(() => expect(replay.asked.length).toBeGreaterThan(0));
    await new Promise((done) => setTimeout(done, 200));
    expect(rays.list()).toEqual([]);
    expect(rays.health()).toMatchObject([{ id: 'ray:local', state: 'waiting' }]);
  });
});

describe('configuration', () => {
  const load = (environment: Record<string, string>) => loadConfig({ XRAY_CONFIG: '/nonexistent', ...environment });

  it('looks at 8265 of this machine only where nothing is configured', () => {
    expect(load({}).rayDiscovery?.url).toBe('http://127.0.0.1:8265');
    expect(load({ XRAY_RAY_DISCOVERY: 'off' }).rayDiscovery).toBeNull();
    expect(load({ RAY_DASHBOARD_URL: 'http://10.0.0.1:8265' }).rayDiscovery).toBeNull();
    expect(load({ PROMETHEUS_URL: 'http://10.0.0.1:9090' }).rayDiscovery).toBeNull();
    expect(() => load({ XRAY_RAY_DISCOVERY: 'nowhere' })).toThrow(
      'XRAY_RAY_DISCOVERY is "nowhere": expected an address like',
    );
  });

  it('the token of RAY_AUTH_TOKEN goes with it', () => {
    expect(load({ RAY_AUTH_TOKEN: 't' }).rayDiscovery?.auth.bearerToken).toBe('t');
    const { clusters } = load({ RAY_DASHBOARD_URL: 'http://10.0.0.1:8265', RAY_AUTH_TOKEN: 't' });
    expect(clusters).toMatchObject([{ name: 'ray', rayDashboard: { auth: { bearerToken: 't' } } }]);
  });
});
