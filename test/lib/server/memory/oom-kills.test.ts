/** Kills of a recorded cluster through the real ingest and the real engine: their counts must equal its truth.json. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listOomKills } from '../../../../lib/server/memory/oom-kills.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { eventBodies, postEvents, recorded } from '../../../support/recordings.ts';

interface Truth {
  readonly session_name: string;
  readonly memory_monitor_kills: readonly {
    readonly kind: string;
    readonly name: string | null;
    readonly pid: number;
    readonly used_gb: number;
    readonly worker_id: string;
    readonly actor_id: string | null;
  }[];
  readonly memory_monitor_kills_per_name: Readonly<Record<string, number>>;
}
const truth = recorded('oom', 'truth.json') as Truth;
const key = (kill: { kind: string; pid: number | null; workerId: string | null }) =>
  `${kill.kind} ${kill.pid} ${kill.workerId}`;

/** Orders in which the same bodies may come: as recorded, backwards, everything twice. */
const ORDERS: readonly [string, (bodies: string[]) => string[]][] = [
  ['as recorded', (bodies) => bodies],
  ['backwards', (bodies) => [...bodies].reverse()],
  ['twice', (bodies) => [...bodies, ...bodies]],
];

describe.each(ORDERS)('the oom recording, %s', (_, order) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openTestRuntime();
    await postEvents(runtime, order(eventBodies('oom')), 'batch');
  });
  afterAll(() => runtime.close());

  it('has exactly the kills of truth.json, each once', async () => {
    const { kills, totals } = await listOomKills(runtime, { job: '01000000' });
    expect(kills.map(key).sort()).toEqual(
      truth.memory_monitor_kills.map(({ kind, pid, worker_id }) => key({ kind, pid, workerId: worker_id })).sort(),
    );
    const perName: Record<string, number> = {};
    for (const kill of kills) {
      const name = kill.kind === 'idle_worker' ? 'idle_worker' : kill.name;
      perName[name] = (perName[name] ?? 0) + 1;
    }
    expect(perName).toEqual(truth.memory_monitor_kills_per_name);
    expect(totals).toEqual({ kills: 14, recovered: 2, retrying: 0, lost: 4, idle: 8, unknown: 0 });
  });

  it('agrees with the figures of truth.json', async () => {
    const { kills } = await listOomKills(runtime, { session: truth.session_name });
    for (const reported of truth.memory_monitor_kills) {
      const kill = kills.find((one) => one.workerId === reported.worker_id);
      expect((kill?.usedBytes ?? 0) / 1024 ** 3).toBeCloseTo(reported.used_gb, 1);
      expect(kill).toMatchObject({
        cluster: 'batch',
        actorId: reported.actor_id,
        nodeIp: '192.0.2.61',
        nodeTotalBytes: 6 * 1024 ** 3,
        source: 'event',
      });
    }
  });

  it('a retried task that finished was killed twice, once per attempt, and recovered', async () => {
    const { kills } = await listOomKills(runtime, {});
    const trained = kills.filter((kill) => kill.name === 'train_embedding');
    expect(trained.map(({ attempt, attempts, outcome }) => [attempt, attempts, outcome])).toEqual([
      [1, 3, 'recovered'],
      [0, 3, 'recovered'],
    ]);
    // The worker's own measure, not the two decimals of the report.
    expect(trained[0]?.usedBytes).toBe(3333791744);
    expect(trained[0]?.timeNs).toBe('1795466525092000000');
  });

  it('an actor has its method at the kill; calls to the dead actor are no kills', async () => {
    const { kills } = await listOomKills(runtime, {});
    const actor = kills.filter((kill) => kill.kind === 'actor');
    expect(actor.map(({ pid, functionName, attempt, outcome }) => [pid, functionName, attempt, outcome])).toEqual([
      [1440, 'FeatureCache.warm', 1, 'lost'],
      [1332, 'FeatureCache.warm', 0, 'lost'],
    ]);
    expect(kills.filter((kill) => kill.functionName === 'FeatureCache.put')).toEqual([]);
  });

  it('an idle worker is a victim of the largest user', async () => {
    const { kills } = await listOomKills(runtime, {});
    const idle = kills.find((kill) => kill.pid === 591);
    expect(idle).toMatchObject({
      kind: 'idle_worker',
      outcome: 'nothing',
      culprit: { pid: 642, name: 'merge_tables' },
    });
    expect(kills.find((kill) => kill.pid === 642)?.culprit).toBeNull();
  });

  it('a window is half-open', async () => {
    const all = (await listOomKills(runtime, {})).kills;
    const [newest, second] = [BigInt(all[0]?.timeNs ?? 0), BigInt(all[1]?.timeNs ?? 0)];
    expect((await listOomKills(runtime, { from: newest })).kills).toHaveLength(1);
    expect((await listOomKills(runtime, { from: second, to: newest })).kills).toHaveLength(1);
  });
});

describe('other recordings', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openTestRuntime();
    await postEvents(runtime, eventBodies('oom'));
    await postEvents(runtime, eventBodies('mixed'));
    // The same cluster again, as if it had been started once more: its job ids are the same.
    await postEvents(
      runtime,
      eventBodies('oom').map((body) => body.replaceAll(truth.session_name, `${truth.session_name}_again`)),
    );
  });
  afterAll(() => runtime.close());

  it('mixed has no kill', async () => {
    expect((await listOomKills(runtime, { job: 'raysubmit_daily_etl_01' })).totals.kills).toBe(0);
  });

  it('a job id of two sessions is refused with the choices, and narrowed by session', async () => {
    await expect(listOomKills(runtime, { job: '01000000' })).rejects.toMatchObject({
      problem: { status: 409, code: 'ambiguous-job' },
    });
    const narrowed = await listOomKills(runtime, { job: '01000000', session: truth.session_name });
    expect(narrowed.totals.kills).toBe(14);
    expect((await listOomKills(runtime, {})).totals.kills).toBe(28);
    await expect(listOomKills(runtime, { job: 'nope' })).rejects.toMatchObject({ problem: { status: 404 } });
  });
});
