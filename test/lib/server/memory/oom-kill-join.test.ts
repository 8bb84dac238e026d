import { expect, test } from 'vitest';
import { joinKills } from '../../../../lib/server/memory/oom-kill-join.ts';
import type { KilledAttemptRow, OomKillRow } from '../../../../lib/store/queries/oom-kills.ts';

const attempt = (task: number, startNs: number): KilledAttemptRow =>
  ({
    session: 's',
    worker_id: 'w',
    task_id: `task ${task}`,
    attempt: 0,
    start_ns: String(startNs),
    actor_id: '',
    state: 'FAILED',
  }) as KilledAttemptRow;
const kill = (timeNs: number): OomKillRow =>
  ({ session: 's', worker_id: 'w', task_id: '', attempt: 0, time_ns: String(timeNs), kind: '' }) as OomKillRow;

test('the killed attempt is the last one that had started on the worker', () => {
  const attempts = [attempt(0, 50), attempt(1, 10), attempt(2, 30), attempt(3, 30), attempt(4, 0)];
  const ran = joinKills([kill(9), kill(10), kill(29), kill(30), kill(49), kill(1000)], attempts).map(
    ({ ran: one }) => one?.task_id ?? null,
  );
  expect(ran).toEqual([null, 'task 1', 'task 1', 'task 2', 'task 2', 'task 0']);
});

// Compared one by one they would be half a billion.
test('5,000 kills on a worker of 100,000 attempts', () => {
  const attempts = Array.from({ length: 100_000 }, (_, i) => attempt(i, 100_000 - i));
  const kills = Array.from({ length: 5_000 }, (_, i) => kill(i + 1));
  const began = process.threadCpuUsage();
  const joined = joinKills(kills, attempts);
  expect(joined.map(({ ran }) => ran?.start_ns)).toEqual(kills.map(({ time_ns }) => time_ns));
  const { user, system } = process.threadCpuUsage(began);
  expect((user + system) / 1000).toBeLessThan(2_000);
});
