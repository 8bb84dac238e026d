/**
 * The memory monitor's report. The texts of 2.58 are from the recording; those of older versions are synthetic: their
 * layout is that of the messages in Ray's documentation and issues, ids and figures are invented.
 */

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { nanoseconds } from '../../../../lib/model/units.ts';
import { oomKillsOfActor, oomKillsOfTask, oomKillsOfWorker } from '../../../../lib/sources/ray/oom-kills.ts';
import { parseOomReport } from '../../../../lib/sources/ray/oom-report.ts';

const GIB = 1024 ** 3;
const hex = (digit: string, length: number) => digit.repeat(length);
const events: { taskLifecycleEvent?: { rayErrorInfo?: { errorMessage?: string } } }[] = gunzipSync(
  readFileSync(new URL('../../../fixtures/ray/2.58.0/oom/events/events.jsonl.gz', import.meta.url)),
)
  .toString()
  .trim()
  .split('\n')
  .flatMap((line) => JSON.parse(line));
const recordedReports = events
  .map((event) => event.taskLifecycleEvent?.rayErrorInfo?.errorMessage ?? '')
  .filter((message) => message.includes('low on memory'));

/** `task merge_tables 642 2.96 killed` per worker. */
const picture = (text: string): string[] =>
  (parseOomReport(text)?.workers ?? []).map((worker) =>
    [
      worker.kind ?? '?',
      worker.name || '-',
      worker.pid ?? '?',
      worker.used === null ? '?' : (worker.used / GIB).toFixed(2),
      worker.killed ? 'killed' : 'spared',
    ].join(' '),
  );

describe('the report of 2.58, as recorded', () => {
  it('has several victims, idle workers among them', () => {
    expect(picture(recordedReports[0] ?? '')).toEqual([
      'idle_worker - 591 0.06 killed',
      'idle_worker - 658 0.06 killed',
      'idle_worker - 562 0.06 killed',
      'task merge_tables 642 2.96 killed',
    ]);
  });

  it('gives the node, its exact use and its total', () => {
    expect(parseOomReport(recordedReports[0] ?? '')).toMatchObject({
      nodeIp: '192.0.2.61',
      nodeId: '712971f88d029441c6f5bafdaece7e8347e7be0bde5ef1d46360508c',
      nodeUsed: 4520636416,
      nodeTotal: 6442450944,
    });
  });

  it('lists ten memory users of the node, largest first', () => {
    const { users } = parseOomReport(recordedReports[0] ?? '') ?? { users: [] };
    expect(users).toHaveLength(10);
    expect(users[0]).toEqual({ pid: 642, used: 2.96 * GIB, name: 'ray::merge_tables' });
    expect(users.at(-1)?.name).toBe('ray::IDLE');
  });

  it('names the actor', () => {
    const actor = recordedReports.find((text) => text.includes('Actor('));
    expect(picture(actor ?? '')).toEqual(['actor feature_cache:FeatureCache.__init__ 1440 3.15 killed']);
    expect(parseOomReport(actor ?? '')?.workers[0]?.actorId).toBe('0ddbceec4104c630ce40fceb01000000');
  });
});

const NODE = `Memory on the node (IP: 192.0.2.7, ID: ${hex('a', 56)})`;
const USERS = 'Top 10 memory users:\nPID\tMEM(GB)\tCOMMAND\n4711\t21.95\tray::hog\n4712\t0.67\tray::small\n';

describe('reports of other versions (synthetic, in their layout)', () => {
  it('2.56 on: spared workers are told from victims, and a name may hold brackets and commas', () => {
    const text = `1 worker(s) were killed due to the node running low on memory. ${NODE} was 110.69GB / 124.35GB (0.890161)
OOM kill reason: user cgroup memory upper bound was met or exceeded
Considered workers: [
Selected to kill: (Task: job ID=02000000, lease ID=${hex('1', 56)}, task name=Map(f, g)->Write, required resources={CPU: 1, memory: 8}, pid=4712, actual memory used=0.67GB, worker ID=${hex('b', 56)})
(Task: job ID=02000000, lease ID=${hex('2', 56)}, task name=hog, required resources={CPU: 1}, pid=4711, actual memory used=21.95GB, worker ID=${hex('c', 56)})]
${USERS}Refer to the documentation`;
    expect(picture(text)).toEqual(['task Map(f, g)->Write 4712 0.67 killed', 'task hog 4711 21.95 spared']);
    expect(parseOomReport(text)?.nodeUsed).toBeCloseTo(110.69 * GIB);
  });

  it('to 2.55: one line, parted by semicolons and commas', () => {
    const text = `1 worker(s) were killed due to the node running low on memory. ${NODE} was 28.62GB / 30.00GB (0.954017), which exceeds the memory usage threshold of 0.950000; Ray killed 1 worker(s) based on the killing policy: [(Task: job ID=05000000, lease ID=${hex('2', 56)}, task name=Read->Map(big), required resources={memory: 8, CPU: 1}, pid=3471, actual memory used=2.85GB, worker ID=${hex('8', 56)})]; Top 10 memory users: PID        MEM(GB) COMMAND, 2936   4.10    , 2938  4.02    ray::Read->Map(big), 3471   2.85    ray::Read->Map(big), Refer to the documentation`;
    expect(picture(text)).toEqual(['task Read->Map(big) 3471 2.85 killed']);
    expect(parseOomReport(text)?.users.map(({ pid, name }) => `${pid} ${name}`)).toEqual([
      '2936 ',
      '2938 ray::Read->Map(big)',
      '3471 ray::Read->Map(big)',
    ]);
  });

  it.each([
    [`task (task ID: ${hex('d', 40)}01000000, name=grow, pid=606, memory used=3.33GB)`, 'task grow 606 3.33 killed'],
    ['task (task ID: NIL_ID, name=grow, pid=606, memory used=3.33GB)', 'task grow 606 3.33 killed'],
    [
      `task (actor ID: ${hex('e', 24)}01000000, name=Cache.warm, pid=606, memory used=3.33GB)`,
      'actor Cache.warm 606 3.33 killed',
    ],
    [
      `lease (lease ID: ${hex('1', 56)}, name=Worker.__init__, pid=606, memory used=3.33GB)`,
      'actor Worker.__init__ 606 3.33 killed',
    ],
    ['task', '? - ? ? killed'],
  ])('2.1 to 2.51: where the %s was running', (what, expected) => {
    const text = `Task was killed due to the node running low on memory.\n${NODE} where the ${what} was running was 51.33GB / 54.00GB (0.950537), which exceeds the memory usage threshold of 0.95. Ray killed this worker (ID: ${hex('9', 56)}) because it was the most recently scheduled task; to see more. ${USERS}`;
    const worker = parseOomReport(text)?.workers[0];
    expect(picture(text)).toEqual([expected]);
    expect(worker?.workerId).toBe(hex('9', 56));
  });

  it('is not a report', () => {
    expect(parseOomReport('The actor is dead because its node has died.')).toBeNull();
  });
});

describe('kills of a message', () => {
  const reported = { session: 's', time: nanoseconds(5n), source: 'event' as const };
  const report = recordedReports[0] ?? '';

  it('a task tells of every victim of its breach, each with the others beside it', () => {
    const kills = oomKillsOfTask({
      ...reported,
      jobId: '01000000',
      taskId: 't',
      attempt: 0,
      errorType: 'OUT_OF_MEMORY',
      message: report,
    });
    expect(kills.map((kill) => [kill.kind, kill.pid])).toEqual([
      ['idle_worker', 591],
      ['idle_worker', 658],
      ['idle_worker', 562],
      ['task', 642],
    ]);
    expect(kills[0]?.others?.[0]).toEqual({ pid: 642, name: 'merge_tables', used: 2.96 * GIB });
    expect(kills[3]?.others?.some((user) => user.pid === 642)).toBe(false);
  });

  it('another failure is no kill; an unreadable report is one kill of that attempt', () => {
    const task = { ...reported, jobId: '01000000', taskId: 't', attempt: 2, message: 'low on memory, somehow' };
    expect(oomKillsOfTask({ ...task, errorType: 'WORKER_DIED' })).toEqual([]);
    expect(oomKillsOfTask({ ...task, errorType: 'OUT_OF_MEMORY' })).toMatchObject([{ victim: 'task:t:2' }]);
    expect(oomKillsOfTask({ ...task, errorType: 'OUT_OF_MEMORY', actorId: 'a' })).toEqual([]);
  });

  it('a worker without a report is still a kill, measured exactly', () => {
    expect(
      oomKillsOfWorker({ ...reported, exitType: 'NODE_OUT_OF_MEMORY', workerId: 'w', message: undefined }),
    ).toMatchObject([{ victim: 'w', workerId: 'w' }]);
    expect(oomKillsOfWorker({ ...reported, exitType: 'SYSTEM_ERROR', workerId: 'w', message: report })).toEqual([]);
  });

  it('an actor without a readable report is one kill of that actor', () => {
    expect(oomKillsOfActor({ ...reported, message: 'x', actorId: 'a' })).toMatchObject([
      { victim: 'actor:a', kind: 'actor' },
    ]);
  });
});

describe('what the text says of the node, by itself', () => {
  const NODE = `(IP: 10.0.0.9, ID: ${hex('ab', 28)})`;
  it.each([
    [
      '2.60, as its raylet spells it',
      `Memory on the node ${NODE} was 7.20GB used / 8.00GB limit (0.900000); OOM kill reason: Memory usage 7728742400B exceeded threshold of 6871947674B (85.9% of 8589934592B limit); Ray killed 1 worker(s) based on the killing policy; Considered workers: []`,
      [7_728_742_400, 8_589_934_592, 6_871_947_674],
    ],
    [
      '2.55',
      `Memory on the node ${NODE} was 7.20GB / 8.00GB (0.900000), which exceeds the memory usage threshold of 0.750000; Object store memory usage: [x]; Ray killed 2 worker(s) based on the killing policy: [?]`,
      [7.2 * GIB, 8 * GIB, 6 * GIB],
    ],
    [
      'a reason of another kind',
      `Memory on the node ${NODE} was 7.20GB used / 8.00GB limit (0.900000); OOM kill reason: memory pressure stalled tasks for 12 s; victims: none of these words`,
      [7.2 * GIB, 8 * GIB, null],
    ],
    ['figures that are none', `Memory on the node ${NODE} was ...GB / 8.00GB (x)`, [null, 8 * GIB, null]],
    [
      "Python's monitor of Ray 1.x, as its source spells it",
      'ray._private.memory_monitor.RayOutOfMemoryError: More than 75% of the memory on node 10.0.0.9 is used (7.2 / 8.0 GB). The top 10 memory consumers are:\n\nPID\tMEM\tCOMMAND\n12\t1.25GiB\tray::train()\n\nIn addition, up to 0.01 GiB of shared memory is',
      [7.2 * GIB, 8 * GIB, 6 * GIB],
    ],
    ['nothing but the node', `Memory on the node ${NODE}`, [null, null, null]],
  ])('%s', (_, text, [used, total, threshold]) => {
    expect(parseOomReport(text)).toMatchObject({
      nodeIp: '10.0.0.9',
      nodeUsed: used,
      nodeTotal: total,
      nodeThreshold: threshold,
    });
  });

  it('consumers of the old monitor, and a host that is a name', () => {
    const report = parseOomReport(
      'More than 95% of the memory on node gpu-17 is used (7.2 / 7.44 GB). The top 10 memory consumers are:\n\nPID\tMEM\tCOMMAND\n12\t1.25GiB\tray::train()\n9\t0.5GiB\tgcs',
    );
    expect(report).toMatchObject({
      nodeIp: null,
      users: [{ pid: 12, used: 1.25 * GIB, name: 'ray::train()' }, { pid: 9 }],
    });
  });
});
