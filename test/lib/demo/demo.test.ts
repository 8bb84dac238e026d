import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { incidentWorld } from '../../../lib/demo/clusters/incidents.ts';
import { createWorld } from '../../../lib/demo/clusters/worlds.ts';
import { wholeBody } from '../../../lib/demo/emit/api-answer.ts';
import { END, prometheusText, scrapeLines } from '../../../lib/demo/emit/exposition.ts';
import { rayApi } from '../../../lib/demo/emit/ray-api.ts';
import { taskEvents } from '../../../lib/demo/emit/ray-events.ts';
import {
  busBandwidth,
  hungStep,
  LINK_LIMIT,
  linkFactor,
  ranksOf,
  stageOf,
  stepAt,
  stepStart,
  trainingStep,
} from '../../../lib/demo/jobs/training.ts';
import { federatedSamples } from '../../../lib/demo/server.ts';
import { attemptsBetween, killsBetween, nodeMemory } from '../../../lib/demo/state/memory.ts';
import { Tally } from '../../../lib/demo/state/tally.ts';
import { targetsOf } from '../../../lib/demo/targets.ts';
import { stateAt } from '../../../lib/demo/world/attempt.ts';
import { NODE_MEMORY } from '../../../lib/demo/world/model.ts';
import { parseOomReport } from '../../../lib/sources/ray/oom-report.ts';

const ANCHOR = Date.UTC(2026, 0, 5, 12, 0, 0);
const world = createWorld(7, ANCHOR);

describe('the simulated cluster', () => {
  it('keeps collectives below the link limit, and the slow rank arrives last after it throttles', () => {
    for (const minute of [50, 40, 20, 10, 1]) {
      const time = ANCHOR - minute * 60_000;
      const ranks = trainingStep(world, stepAt(world, time));
      for (const kind of ['dp', 'tp'] as const) {
        for (const part of ranks) {
          expect(busBandwidth(world, kind, part[kind].end - part[kind].arrival)).toBeLessThan(LINK_LIMIT[kind]);
        }
      }
      if (minute < 25) {
        const late = ranks.toSorted((left, right) => right.dp.arrival - left.dp.arrival)[0];
        expect(late?.rank).toBe(11);
      }
    }
  });

  it('lets transfers across a bad link take longer, for the communicators that cross it and for nobody else', () => {
    const { link, decoy } = world.faults;
    if (link === null || decoy === null) throw new Error('no link is bad');
    const stage = stageOf(world, link.node);
    const bandwidths = (time: number, of: number) => {
      const ranks = trainingStep(world, stepAt(world, time)).filter(
        ({ rank }) => stageOf(world, Math.floor(rank / 8)) === of,
      );
      expect(ranks).toHaveLength(ranksOf(world, 'dp'));
      // The rank that arrives last waits for nobody: what it takes is the transfer.
      const transfer = Math.min(...ranks.map(({ dp }) => dp.end - dp.arrival));
      return busBandwidth(world, 'dp', transfer) / 1e9;
    };
    const [before, during] = [link.start - 60_000, link.start + 60_000];
    const factor = (time: number) => linkFactor(world, stage, stepAt(world, time) + 1);
    expect(factor(before)).toBe(1);
    expect(bandwidths(during, stage) / bandwidths(before, stage)).toBeLessThan(0.55);
    expect(bandwidths(during, 1 - stage) / bandwidths(before, 1 - stage)).toBeGreaterThan(0.9);
    expect(factor(link.start + link.length + 1)).toBe(1);
    expect(factor(link.start + link.period)).toBe(link.factor);
    // The decoy is on the same stage, on another node, and less late than the link is slow.
    expect(stageOf(world, Math.floor(decoy.rank / 8))).toBe(stage);
    expect(Math.floor(decoy.rank / 8)).not.toBe(link.node);
  });

  it('fits every step into its time: phases follow each other, and the next step begins after all have ended', () => {
    const worlds = [8, 16, 64, 256].map((gpus) => createWorld(3, ANCHOR, gpus));
    for (let seed = 1; seed <= 60; seed++) worlds.push(incidentWorld(seed, ANCHOR, 32).world);
    for (const sized of worlds) {
      for (const minute of [50, 20, 11, 1]) {
        const step = stepAt(sized, ANCHOR - minute * 60_000);
        const ranks = trainingStep(sized, step);
        expect(ranks).toHaveLength(sized.ranks);
        for (const part of ranks) {
          const timestamps = [part.start, part.forwardEnd, part.tp.end, part.backwardEnd, part.dp.end, part.end];
          expect(timestamps).toEqual(timestamps.toSorted((left, right) => left - right));
          if (hungStep(sized) !== step) expect(part.end).toBeLessThan(stepStart(sized, step + 1));
        }
      }
    }
    expect(() => createWorld(3, ANCHOR, 12)).toThrow('multiple of 8');
  });

  it('never holds more memory than a node has, and is killed above the threshold', () => {
    for (let time = world.boot; time < ANCHOR; time += 5_000) {
      const running = attemptsBetween(world, time, time).filter((one) => stateAt(one, time) === 'RUNNING');
      for (const node of [0, 1, 7]) expect(nodeMemory(world, node, time, running).used).toBeLessThan(NODE_MEMORY);
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

  it('runs at the smallest size that can be asked for, memory kills included', () => {
    const small = createWorld(7, ANCHOR, 8);
    const tally = new Tally(small);
    tally.advance(ANCHOR);
    expect(tally.kills().length).toBeGreaterThan(0);
    expect(prometheusText(federatedSamples(tally))).toContain('comm_name="dp"');
  });

  it('can be made of GPUs that another exporter tells of, with their memory and their fabric', () => {
    const amd = createWorld(7, ANCHOR, 64, undefined, 'mi300x');
    const tally = new Tally(amd);
    tally.advance(ANCHOR);
    const samples = federatedSamples(tally);
    const of = (name: string) => samples.filter((sample) => sample.name === name);
    expect(samples.filter(({ name }) => name.startsWith('DCGM_'))).toEqual([]);
    expect(of('gpu_used_vram')).toHaveLength(64);
    for (const [index, { value, labels }] of of('gpu_used_vram').entries()) {
      expect(value).toBe(of('ray_node_gram_used')[index]?.value);
      expect(labels.gpu_uuid).toBe(of('ray_node_gram_used')[index]?.labels.GpuUuid);
      expect(value).toBeLessThan(of('gpu_total_vram')[index]?.value ?? 0);
    }
    // The GPU that throttles is hot there, too.
    const hottest = of('gpu_junction_temperature').toSorted((left, right) => right.value - left.value)[0];
    expect(hottest?.labels).toMatchObject({ hostname: 'sim-node-1', gpu_id: '3' });
    const part = trainingStep(amd, stepAt(amd, ANCHOR) - 1)[11];
    // Seven links of 64 GB/s.
    expect(busBandwidth(amd, 'tp', (part?.tp.end ?? 0) - (part?.tp.arrival ?? 0))).toBeLessThan(448e9);
  });

  it('tells the same number of attempts in events, in the State API and in its own counts', () => {
    const whole = new Tally(world);
    whole.advance(ANCHOR);
    const ended = whole.rows().filter(({ functionName }) => functionName === 'SearchTrainer.train_step');
    expect(ended.reduce((sum, row) => sum + row.finished, 0)).toBe(64 * (world.earlier?.training.steps ?? 0));
    // The State API holds the newest only; the jobs that run are all of it.
    const { earlier: _, ...rest } = world;
    const recent = { ...rest, earlier: null };
    const tally = new Tally(recent);
    tally.advance(ANCHOR);
    const keys = new Set<string>();
    for (const event of taskEvents(recent, recent.boot, ANCHOR)) {
      const body = (event.taskDefinitionEvent ?? event.actorTaskDefinitionEvent) as
        | { taskId: string; taskAttempt: number; jobId: string }
        | undefined;
      if (body) keys.add(`${body.jobId}/${body.taskId}/${body.taskAttempt}`);
    }
    const counted = tally.rows().reduce((sum, row) => sum + row.finished + row.failed, 0) + tally.open().length;
    expect(keys.size).toBe(counted);
    const answer = rayApi(tally, new URL('http://demo/api/v0/tasks?limit=10'), 'demo');
    expect(JSON.parse(answer ? wholeBody(answer) : '{}').data.result.total).toBe(counted);
    const failed = '/api/v0/tasks?limit=10000&filter_keys=state&filter_predicates=%3D&filter_values=FAILED';
    const failures = rayApi(tally, new URL(`http://demo${failed}`), 'demo');
    const { result } = JSON.parse(failures ? wholeBody(failures) : '{}').data;
    expect(result.total).toBe(tally.rows().reduce((sum, row) => sum + row.failed, 0));
    expect(result.result.length).toBe(result.total);
    expect(counted).toBeLessThan(30_000);
  }, 30_000);

  it('writes a past that promtool takes, with the series that live scraping gives', () => {
    const folder = mkdtempSync(join(tmpdir(), 'xray-demo-'));
    try {
      const tally = new Tally(world);
      let text = '';
      let newest = new Set<string>();
      for (let time = ANCHOR - 60_000; time <= ANCHOR; time += 15_000) {
        tally.advance(time);
        let scrape = '';
        for (const target of targetsOf(world))
          scrape += scrapeLines(target.samples(tally), { job: target.job, ...target.labels }, time);
        text += scrape;
        newest = new Set(scrape.split('\n').map((line) => line.slice(0, line.lastIndexOf('}'))));
      }
      writeFileSync(join(folder, 'past.om'), text + END);
      execFileSync('promtool', [
        'tsdb',
        'create-blocks-from',
        'openmetrics',
        join(folder, 'past.om'),
        join(folder, 'tsdb'),
      ]);
      const blocks = execFileSync('promtool', ['tsdb', 'list', join(folder, 'tsdb')], { encoding: 'utf8' });
      const series = blocks
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => Number(line.trim().split(/\s+/)[5]));
      const live = federatedSamples(tally).filter((sample) => sample.name !== 'up');
      expect(newest.size - 1).toBe(live.length);
      expect(Math.max(...series)).toBeGreaterThanOrEqual(live.length);
      expect(Math.max(...series)).toBeLessThan(live.length + 40);
      expect(prometheusText(live)).toContain('ray_memory_manager_worker_eviction_total{');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 30_000);
});
