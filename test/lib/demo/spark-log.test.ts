import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createWorld } from '../../../lib/demo/clusters/worlds.ts';
import { sparkEventLog, sparkLogPath } from '../../../lib/demo/emit/spark-log.ts';
import { HEAP, sparkRun } from '../../../lib/demo/jobs/spark-run.ts';
import { startServer } from '../../../lib/demo/server.ts';
import { Tally } from '../../../lib/demo/state/tally.ts';

const ANCHOR = Date.UTC(2026, 0, 5, 12, 0, 0);
const world = createWorld(7, ANCHOR);
// biome-ignore lint/suspicious/noExplicitAny: what another program wrote.
type Line = any;
const linesOf = (text: string): Line[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const log = linesOf(sparkEventLog(world));
const recorded = linesOf(
  gunzipSync(
    readFileSync(new URL('../../fixtures/spark/3.5.9/jvm-oom-recovers/app-20261123211854-0000.gz', import.meta.url)),
  ).toString(),
);

/** Names of everything in an event, down to what is measured; not those of its free-form parts. */
function shape(value: Line, path = ''): string[] {
  if (/\.(Properties|Log Urls|RDD Info|Accumulables|Stack Trace|Accumulator Updates|Attributes|Parent IDs)$/.test(path))
    return [path];
  if (Array.isArray(value)) return value.length === 0 ? [path] : shape(value[0], `${path}[]`);
  if (typeof value !== 'object' || value === null) return [`${path} ${typeof value}`];
  return Object.entries(value).flatMap(([name, inner]) => shape(inner, `${path}.${name}`));
}
const kindOf = (line: Line): string => `${line.Event} ${line['Task End Reason']?.Reason ?? ''}`;

describe('the simulated event log of Spark', () => {
  it('has the form of one that Spark wrote, event by event', () => {
    const known = new Map(recorded.map((line) => [kindOf(line), line]));
    const seen = new Set<string>();
    for (const line of log) {
      const same = known.get(kindOf(line));
      expect(same, kindOf(line)).toBeDefined();
      expect(shape(line).sort(), kindOf(line)).toEqual(shape(same).sort());
      seen.add(kindOf(line));
    }
    for (const reason of ['Success', 'ExceptionFailure', 'ExecutorLostFailure'])
      expect(seen).toContain(`SparkListenerTaskEnd ${reason}`);
    expect(seen).toContain('SparkListenerExecutorRemoved ');
    expect(log[0].Event).toBe('SparkListenerLogStart');
    expect(log.at(-1).Event).toBe('SparkListenerApplicationEnd');
  });

  it('tells what happened: every partition once in the end, cores and heap never exceeded', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const run = sparkRun(createWorld(seed, ANCHOR));
      const done = run.attempts.filter(({ outcome }) => outcome === 'success');
      expect(done.map(({ partition }) => partition).sort((left, right) => left - right)).toEqual(
        Array.from({ length: 64 }, (_, index) => index),
      );
      // Spark gives up after the fourth failure of a task.
      for (const { attempt } of run.attempts) expect(attempt).toBeLessThan(4);
      for (const one of run.attempts) {
        const beside = run.attempts.filter(
          (other) => other.executor === one.executor && other.start <= one.start && other.end > one.start,
        );
        expect(beside.length).toBeLessThanOrEqual(8);
        expect(one.heap).toBeLessThanOrEqual(HEAP);
        const executor = run.executors[one.executor];
        expect(one.start).toBeGreaterThanOrEqual(executor?.added ?? Number.POSITIVE_INFINITY);
        expect(one.end).toBeLessThanOrEqual(executor?.removed ?? Number.POSITIVE_INFINITY);
        if (one.outcome === 'out-of-memory') {
          expect(one.heap).toBe(HEAP);
          expect(executor?.removed).toBe(one.end);
        }
      }
    }
  });

  it('counts the same in its lines as in what happened', () => {
    const { attempts } = sparkRun(world);
    const ends = log.filter(({ Event }) => Event === 'SparkListenerTaskEnd');
    expect(ends).toHaveLength(attempts.length);
    const counted = Map.groupBy(ends, (line) => line['Task End Reason'].Reason);
    const of = (outcome: string) => attempts.filter((one) => one.outcome === outcome).length;
    expect(counted.get('Success')).toHaveLength(of('success'));
    expect(counted.get('ExceptionFailure')).toHaveLength(of('out-of-memory'));
    expect(counted.get('ExecutorLostFailure')).toHaveLength(of('executor-lost'));
    expect(of('out-of-memory')).toBeGreaterThan(0);
  });

  it('is served where the ready file says', async () => {
    const own = createWorld(7, Date.now(), 8);
    const server = await startServer([new Tally(own)], 0);
    try {
      const answer = await fetch(`http://127.0.0.1:${server.port}${sparkLogPath(own)}`);
      expect(await answer.text()).toBe(sparkEventLog(own));
    } finally {
      await server.close();
    }
  });
});
