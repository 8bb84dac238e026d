import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stateAt } from '../../lib/demo/attempt.ts';
import { History, prometheusText } from '../../lib/demo/exposition.ts';
import { attemptsBetween, killsBetween, nodeMemory } from '../../lib/demo/memory.ts';
import { createWorld, NODE_MEMORY } from '../../lib/demo/model.ts';
import { rayApi } from '../../lib/demo/ray-api.ts';
import { taskEvents } from '../../lib/demo/ray-events.ts';
import { federatedSamples } from '../../lib/demo/server.ts';
import { Tally } from '../../lib/demo/tally.ts';
import { TARGETS } from '../../lib/demo/targets.ts';
import { busBandwidth, LINK_LIMIT, stepAt, trainingStep } from '../../lib/demo/training.ts';
import { parseOomReport } from '../../lib/sources/ray/oom-report.ts';

const ANCHOR = Date.UTC(2026, 0, 5, 12, 0, 0);
const world = createWorld(7, ANCHOR);

describe('the simulated cluster', () => {
  it('keeps collectives below the link limit, and the slow rank arrives last after it throttles', () => {
    for (const minute of [50, 40, 20, 10, 1]) {
      const time = ANCHOR - minute * 60_000;
      const ranks = trainingStep(world, stepAt(world, time));
      for (const kind of ['dp', 'tp'] as const) {
        for (const part of ranks) {
          expect(busBandwidth(kind, part[kind].end - part[kind].arrival)).toBeLessThan(LINK_LIMIT[kind]);
        }
      }
      if (minute < 25) {
        const late = ranks.toSorted((left, right) => right.dp.arrival - left.dp.arrival)[0];
        expect(late?.rank).toBe(11);
      }
    }
  });

  it('never holds more memory than a node has, and is killed above the threshold', () => {
    for (let time = world.boot; time < ANCHOR; time += 5_000) {
      const running = attemptsBetween(world, time, time).filter((one) => stateAt(one, time) === 'RUNNING');
      for (const node of [0, 1]) expect(nodeMemory(world, node, time, running).used).toBeLessThan(NODE_MEMORY);
    }
    const kills = killsBetween(world, world.boot, ANCHOR);
    expect(kills).toHaveLength(1);
    expect((kills[0]?.nodeUsed ?? 0) / NODE_MEMORY).toBeGreaterThan(0.95);
  });

  it('is killed with a report that names who held more than the victim, as the node was measured then', () => {
    const kills = killsBetween(world, world.boot, ANCHOR + 30 * 60_000);
    expect(kills).toHaveLength(2);
    for (const kill of kills) {
      const report = parseOomReport(kill.attempt.failure?.errorMessage ?? '');
      expect(report?.workers.map(({ name, killed }) => `${name} ${killed ? 'killed' : 'spared'}`)).toEqual([
        'join_features killed',
        'build_index spared',
      ]);
      expect(report?.users.map(({ name }) => name)).toEqual([
        'ray::build_index',
        'ray::join_features',
        ...Array(8).fill('ray::TrainWorker.train_step'),
      ]);
      const running = attemptsBetween(world, kill.time - 1, kill.time).filter(
        (one) => stateAt(one, kill.time - 1) === 'RUNNING',
      );
      const { components } = nodeMemory(world, kill.attempt.worker.node.index, kill.time - 1, running);
      for (const { name, used } of report?.users.slice(0, 2) ?? [])
        expect(used / (components.get(name) ?? Number.NaN)).toBeCloseTo(1, 2);
    }
  });

  it('tells the same number of attempts in events, in the State API and in its own counts', () => {
    const tally = new Tally(world);
    tally.advance(ANCHOR);
    const keys = new Set<string>();
    for (const event of taskEvents(world, world.boot, ANCHOR)) {
      const body = (event.taskDefinitionEvent ?? event.actorTaskDefinitionEvent) as
        | { taskId: string; taskAttempt: number; jobId: string }
        | undefined;
      if (body) keys.add(`${body.jobId}/${body.taskId}/${body.taskAttempt}`);
    }
    const counted = tally.rows().reduce((sum, row) => sum + row.finished + row.failed, 0) + tally.open().length;
    expect(keys.size).toBe(counted);
    const answer = rayApi(tally, new URL('http://demo/api/v0/tasks?limit=10'), 'demo');
    expect(JSON.parse(answer?.body ?? '{}').data.result.total).toBe(counted);
    const failed = '/api/v0/tasks?limit=10000&filter_keys=state&filter_predicates=%3D&filter_values=FAILED';
    const { result } = JSON.parse(rayApi(tally, new URL(`http://demo${failed}`), 'demo')?.body ?? '{}').data;
    expect(result.total).toBe(tally.rows().reduce((sum, row) => sum + row.failed, 0));
    expect(result.result.length).toBe(result.total);
    expect(counted).toBeLessThan(15_000);
  }, 30_000);

  it('writes a past that promtool takes, with the series that live scraping gives', () => {
    const folder = mkdtempSync(join(tmpdir(), 'xray-demo-'));
    try {
      const tally = new Tally(world);
      const history = new History();
      for (let time = ANCHOR - 60_000; time <= ANCHOR; time += 15_000) {
        tally.advance(time);
        for (const target of TARGETS) history.add(target.samples(tally), { job: target.job, ...target.labels }, time);
      }
      writeFileSync(join(folder, 'past.om'), [...history.text()].join(''));
      execFileSync('promtool', [
        'tsdb',
        'create-blocks-from',
        'openmetrics',
        join(folder, 'past.om'),
        join(folder, 'tsdb'),
      ]);
      const live = federatedSamples(tally).filter((sample) => sample.name !== 'up');
      const now = new History();
      for (const target of TARGETS) now.add(target.samples(tally), { job: target.job, ...target.labels }, ANCHOR);
      expect(now.seriesCount).toBe(live.length);
      expect(history.seriesCount).toBeLessThan(live.length + 40);
      expect(prometheusText(live)).toContain('ray_memory_manager_worker_eviction_total{');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 30_000);
});
