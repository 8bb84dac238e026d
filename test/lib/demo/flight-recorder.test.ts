import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { incidentWorld } from '../../../lib/demo/clusters/incidents.ts';
import { createWorld } from '../../../lib/demo/clusters/worlds.ts';
import { flightRecord } from '../../../lib/demo/emit/flight-recorder.ts';
import { ranksOf, stageOf, stepAt, trainingStep } from '../../../lib/demo/jobs/training.ts';
import { startServer } from '../../../lib/demo/server.ts';
import { Tally } from '../../../lib/demo/state/tally.ts';

const ANCHOR = Date.UTC(2026, 0, 5, 12, 0, 0);
const recorded = JSON.parse(
  readFileSync(
    new URL('../../fixtures/torch/2.15.0/fr-missing-rank/comm_lib_trace_rank_0.json', import.meta.url),
    'utf8',
  ),
);
const { world } = incidentWorld(3, ANCHOR, 32, 'hang');
const { hang } = world.faults;
if (hang === null) throw new Error('nobody hangs');
const recordOf = (rank: number, time = ANCHOR) => {
  const record = flightRecord(world, rank, time);
  if (record === null) throw new Error(`no record of rank ${rank}`);
  return record;
};

describe("the simulated ranks' Flight Recorders", () => {
  it('have the form of those that torch wrote', () => {
    const record = recordOf((hang.rank + 1) % world.ranks);
    expect(Object.keys(record).sort()).toEqual(Object.keys(recorded).sort());
    expect(record.version).toBe(recorded.version);
    expect(Object.keys(record.pg_status['2'] ?? {}).sort()).toEqual(Object.keys(recorded.pg_status['0']).sort());
    const shape = (entry: object) =>
      Object.entries(entry)
        .filter(([name]) => name !== 'duration_ms')
        .map(([name, value]) => `${name} ${Array.isArray(value) ? 'list' : typeof value}`)
        .sort();
    for (const entry of record.entries) {
      expect(shape(entry)).toEqual(shape(recorded.entries[0]));
      // Only what has ended has lasted.
      expect(Number(entry.time_discovered_completed_ns)).toBeLessThanOrEqual(ANCHOR * 1e6);
      expect('duration_ms' in entry).toBe(entry.state === 'completed');
    }
  });

  it('tell of a hang who waits in which operation, and that one rank never joined it', () => {
    const step = stepAt(world, ANCHOR);
    const stage = stageOf(world, Math.floor(hang.rank / 8));
    for (let rank = 0; rank < world.ranks; rank++) {
      const { pg_status, entries, pg_config } = recordOf(rank);
      const { last_enqueued_collective: enqueued, last_completed_collective: completed } = pg_status['2'] ?? {};
      const isInStage = stageOf(world, Math.floor(rank / 8)) === stage;
      expect(pg_config['2']?.ranks.split(',')).toHaveLength(ranksOf(world, 'dp'));
      expect(JSON.parse(pg_config['1']?.ranks ?? '')).toContain(rank);
      expect([enqueued, completed]).toEqual(
        (rank === hang.rank ? [step, step] : isInStage ? [step + 1, step] : [step + 1, step + 1]).map(String),
      );
      expect(entries.filter(({ state }) => state === 'started')).toHaveLength(isInStage && rank !== hang.rank ? 1 : 0);
    }
  });

  it('lasted as long as the simulation says', () => {
    const healthy = createWorld(7, ANCHOR, 16);
    const record = flightRecord(healthy, 9, ANCHOR);
    for (const { collective_seq_id, process_group, duration_ms } of record?.entries ?? []) {
      const part = trainingStep(healthy, collective_seq_id - 1)[9];
      const own = process_group[0] === '1' ? part?.tp : part?.dp;
      if (duration_ms !== undefined) expect(duration_ms).toBe((own?.end ?? 0) - (own?.arrival ?? 0));
    }
    expect(record?.entries.length).toBeGreaterThanOrEqual(98);
    expect(flightRecord(healthy, 16, ANCHOR)).toBeNull();
  });

  it('are served for every rank of a cluster that trains', async () => {
    const now = Date.now();
    const server = await startServer([new Tally(createWorld(7, now, 8))], 0);
    try {
      const ask = (name: string) => fetch(`http://127.0.0.1:${server.port}/flight-recorder/${name}`);
      const answer = await ask('demo-cluster/comm_lib_trace_rank_7');
      expect(answer.status).toBe(200);
      expect((await answer.json()).entries.length).toBeGreaterThan(50);
      for (const missing of ['demo-cluster/comm_lib_trace_rank_8', 'elsewhere/comm_lib_trace_rank_0'])
        expect((await ask(missing)).status).toBe(404);
    } finally {
      await server.close();
    }
  });
});
