/** What X-Ray must say of the live run: while Ray runs, and after it is gone. */
import type { z } from 'zod';
import { alertsRoute } from '../../lib/contract/alerts.ts';
import { clusterRoute, clustersRoute } from '../../lib/contract/clusters.ts';
import { healthRoute } from '../../lib/contract/health.ts';
import { jobRoute, jobsRoute, logsRoute, tasksRoute, tasksSummaryRoute } from '../../lib/contract/jobs.ts';
import { heatmapRoute, oomRoute } from '../../lib/contract/memory.ts';
import { traceRoute, tracesRoute } from '../../lib/contract/traces.ts';
import { asker } from '../support/ask.ts';
import { check, equal, eventually, holds } from './check.ts';

export interface Submitted {
  readonly submissionId: string;
  /** As Ray's Jobs API gives it. */
  readonly status: string;
}

export interface LiveRun {
  /** Addresses. */
  readonly xray: string;
  readonly dashboard: string;
  readonly cluster: string;
  readonly session: string;
  readonly submitted: readonly Submitted[];
  /** The workload's. */
  readonly jobId: string;
  /** How often each function's body ran, as the bodies wrote it down. */
  readonly executions: Readonly<Record<string, number>>;
}

/** What was asked for of logs, and the lines that came: they must still be there when Ray is gone. */
export type ReadLogs = readonly {
  readonly query: z.input<typeof logsRoute.query>;
  readonly lines: readonly string[];
}[];

/** Attempts per function and state, by Ray's own State API. */
async function stateApiCounts({ dashboard, jobId }: LiveRun): Promise<Record<string, Record<string, number>>> {
  const query = `detail=1&limit=10000&filter_keys=job_id&filter_predicates=%3D&filter_values=${jobId}`;
  const answer = await (await fetch(`${dashboard}/api/v0/tasks?${query}`)).json();
  const counts: Record<string, Record<string, number>> = {};
  for (const row of answer.data.result.result as { func_or_class_name: string; state: string }[]) {
    const states = counts[row.func_or_class_name] ?? {};
    counts[row.func_or_class_name] = states;
    states[row.state] = (states[row.state] ?? 0) + 1;
  }
  return counts;
}

const sorted = (record: Readonly<Record<string, number>>): [string, number][] => Object.entries(record).sort();
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
const lastHalfHour = () => ({ from: String(Date.now() - 30 * 60_000), to: String(Date.now() + 60_000) });

export async function checkWhileAlive(run: LiveRun): Promise<ReadLogs> {
  const get = asker(run.xray);
  const job = { jobId: run.jobId, session: run.session };
  const logs: { query: z.input<typeof logsRoute.query>; lines: string[] }[] = [];
  const readLog = async (query: z.input<typeof logsRoute.query>, test: (lines: readonly string[]) => void) => {
    const { lines } = await eventually(
      30,
      () => get(logsRoute, query),
      (answer) => {
        equal(answer.notices, [], 'notices');
        equal(answer.kept, false, 'kept');
        test(answer.lines);
      },
    );
    logs.push({ query, lines });
  };

  await check('attempts that ran, per function, equal what the bodies counted', async () => {
    await eventually(
      60,
      () => get(tasksSummaryRoute, job),
      (summary) => {
        const ran: Record<string, number> = {};
        for (const row of summary.functions) if (row.name in run.executions) ran[row.name] = row.ran;
        equal(sorted(ran), sorted(run.executions), 'ran');
      },
    );
  });
  await check('attempts per function and state equal the State API, and X-Ray says that it has them all', async () => {
    const theirs = await stateApiCounts(run);
    await eventually(
      60,
      () => get(tasksSummaryRoute, job),
      ({ functions, completeness }) => {
        for (const row of functions) equal(sorted(row.byState), sorted(theirs[row.name] ?? {}), row.name);
        equal(functions.map((row) => row.name).sort(), Object.keys(theirs).sort(), 'functions');
        const attempts = sum(Object.values(theirs).flatMap((states) => Object.values(states)));
        equal(completeness.stored, attempts, 'attempts stored');
        holds(completeness.source.split('+').includes('events'), `events in ${completeness.source}`);
        holds(
          [null, attempts].includes(completeness.reported),
          `${completeness.reported} reported to be all or unsaid`,
        );
        equal([completeness.truncated, completeness.dropped ?? 0, completeness.reason], [false, 0, null], 'gaps');
      },
    );
  });
  await check('submitted jobs have the status that Ray gives them', async () => {
    equal(
      run.submitted.map((one) => one.status),
      ['SUCCEEDED', 'FAILED'],
      "Ray's own status",
    );
    for (const { submissionId, status } of run.submitted)
      await eventually(
        60,
        () => get(jobRoute, { jobId: submissionId }),
        (answer) => {
          equal([answer.job.status, answer.job.type], [status, 'SUBMISSION'], submissionId);
          equal(answer.job.functions.find((row) => row.name === 'greet')?.finished, 3, `greet of ${submissionId}`);
        },
      );
    // The driver's own end is told by the Jobs API alone: events say that it ended, not how.
    await eventually(
      90,
      () => get(jobRoute, job),
      (answer) => equal(answer.job.status, 'SUCCEEDED', 'the job of the workload'),
    );
  });
  await check('the log of a driver is what the driver printed', async () => {
    for (const [i, end] of ['succeed', 'fail'].entries())
      await readLog({ jobId: run.submitted[i]?.submissionId ?? '' }, (lines) =>
        holds(lines.includes(`greeted 3 of 3, will ${end}`), `the driver's words in ${JSON.stringify(lines)}`),
      );
  });
  await check('the log of a failed attempt is that attempt’s own, and its retry has another', async () => {
    const { tasks } = await get(tasksRoute, { ...job, function: 'flaky_parse', state: 'FAILED' });
    const [failed] = tasks;
    if (!failed) throw new Error('no failed attempt of flaky_parse');
    for (const attempt of [0, 1])
      await readLog({ ...job, taskId: failed.taskId, attempt }, (lines) =>
        equal(lines, [`parses row group, execution ${attempt}`], `log of attempt ${attempt}`),
      );
  });
  await check('the memory monitor killed join_features and X-Ray says so', async () => {
    await eventually(
      60,
      () => get(oomRoute, { job: run.jobId, session: run.session }),
      ({ kills }) => {
        const kill = kills.find((one) => one.kind === 'task' && one.name.includes('join_features'));
        if (!kill)
          throw new Error(`no kill of join_features among ${kills.map((one) => one.name).join(', ') || 'none'}`);
        equal(kill.outcome, 'lost', 'outcome');
        holds((kill.usedBytes ?? 0) > 64 * 1024 ** 2, `memory of the victim, not ${kill.usedBytes}`);
      },
    );
  });
  await check('the kill is on the heat map, on a row that was measured', async () => {
    await eventually(
      60,
      () => get(heatmapRoute, { by: 'node', session: run.session, ...lastHalfHour() }),
      ({ kills, rows }) => {
        const kill = kills.find((one) => one.name.includes('join_features'));
        const row = rows.find((one) => one.id === kill?.rowId);
        holds(
          row !== undefined,
          `a row ${kill?.rowId ?? 'of a kill'} among ${rows.map((one) => one.id).join(', ') || 'none'}`,
        );
        holds(row?.usedBytes.some((bytes) => bytes !== null && bytes > 0) ?? false, 'a measurement on its row');
      },
    );
  });
  await check('every function span that Ray exported is joined with its task', async () => {
    // Processes that are killed take their last spans with them: the kill and the death.
    const least = sum(Object.values(run.executions)) - 2;
    await eventually(
      30,
      async () => {
        const listed = await get(tracesRoute, { attributes: `ray.job_id=${run.jobId}`, limit: 1000 });
        equal(listed.traces.length, listed.matched, 'traces on one page');
        const spans = [];
        for (const { traceId } of listed.traces) spans.push(...(await get(traceRoute, { traceId })).spans);
        return spans.filter((one) => one.kind === 'Consumer' && one.attributes['ray.job_id'] === run.jobId);
      },
      (executed) => {
        holds(executed.length >= least, `${least} spans of executions, not ${executed.length}`);
        for (const { task, name, attributes } of executed) {
          if (task === null) throw new Error(`span "${name}" is joined with no task: ${JSON.stringify(attributes)}`);
          equal([task.jobId, task.session], [run.jobId, run.session], `job of span "${name}"`);
          holds(name.includes(task.functionName), `span "${name}" to be one of ${task.functionName}`);
        }
      },
    );
  });
  await check('the alert on the kill fires and names its victim and session', async () => {
    await eventually(
      90,
      () => get(alertsRoute, {}),
      ({ alerts }) => {
        const ours = alerts.filter((one) => one.name === 'RayOomKill' && one.labels.SessionName === run.session);
        const named = ours.map((one) => `${one.labels.Name} ${one.state}`);
        holds(
          ours.some((one) => one.state === 'firing' && one.labels.Name?.includes('join_features')),
          `a RayOomKill of join_features that fires, not ${named.join(', ') || 'none'}`,
        );
      },
    );
  });
  await check('the cluster is alive with both nodes, heard from every source', async () => {
    await eventually(
      60,
      () => get(clustersRoute, {}),
      ({ clusters }) => {
        equal(
          clusters.map((one) => one.cluster),
          [run.cluster],
          'clusters',
        );
        const [ours] = clusters;
        equal([ours?.state, ours?.session, ours?.demo], ['alive', run.session, false], 'state');
        equal(ours?.nodes, { alive: 2, total: 2 }, 'nodes');
        equal(ours?.cpu.total, 8, 'CPUs');
        holds((ours?.memoryBytes.used ?? 0) > 0, 'memory that is used');
        equal([...(ours?.heardFrom ?? [])].sort(), ['events', 'prometheus', 'state-api', 'traces'], 'heard from');
      },
    );
    const { nodes } = await get(clusterRoute, { cluster: run.cluster });
    equal(
      nodes.map((node) => [node.state, node.isHead]).sort(),
      [
        ['ALIVE', false],
        ['ALIVE', true],
      ],
      'nodes',
    );
    // Both raylets are on this host, and have the CPUs that each was given.
    equal(
      nodes.map((node) => [node.sharesHostWith.length, node.cpu.total]),
      [
        [1, 4],
        [1, 4],
      ],
      'shared host and CPUs',
    );
    const { sources } = await get(healthRoute, {});
    const unwell = sources.filter((one) => !['up', 'off'].includes(one.state));
    equal(
      unwell.map((one) => [one.id, one.state, one.reason]),
      [],
      'sources that are not well',
    );
  });
  return logs;
}

export async function checkAfterwards(run: LiveRun, logs: ReadLogs): Promise<void> {
  const get = asker(run.xray);
  const job = { jobId: run.jobId, session: run.session };
  await check('after Ray is gone its tasks, jobs, kills and logs are still there', async () => {
    const summary = await get(tasksSummaryRoute, job);
    for (const [name, count] of Object.entries(run.executions))
      equal(summary.functions.find((row) => row.name === name)?.ran, count, name);
    const { jobs } = await get(jobsRoute, { session: run.session });
    const statuses = run.submitted.map((one) => jobs.find((row) => row.submissionId === one.submissionId)?.status);
    equal(
      statuses,
      run.submitted.map((one) => one.status),
      'status of submitted jobs',
    );
    holds(
      jobs.some((row) => row.jobId === run.jobId && row.status === 'SUCCEEDED'),
      'the job of the workload',
    );
    const { kills } = await get(oomRoute, { job: run.jobId, session: run.session });
    holds(
      kills.some((one) => one.name.includes('join_features')),
      'the kill',
    );
    equal(logs.length, 4, 'logs read while Ray ran');
    for (const { query, lines } of logs) {
      const answer = await get(logsRoute, query);
      equal([answer.kept, answer.lines], [true, lines], `kept log of ${JSON.stringify(query)}`);
    }
  });
  await check('after Ray is gone the cluster is listed, and no longer as alive', async () => {
    // Silent after 2 minutes without a word (lib/analysis/cluster-state.ts).
    await eventually(
      180,
      () => get(clustersRoute, {}),
      ({ clusters }) => {
        equal(
          clusters.map((one) => [one.cluster, one.session]),
          [[run.cluster, run.session]],
          'clusters',
        );
        const [ours] = clusters;
        holds(ours?.state === 'silent' || ours?.state === 'ended', `silent or ended, not ${ours?.state}`);
        equal([ours?.nodes.total, ours?.jobs.total, ours?.jobs.running], [2, 3, 0], 'nodes, jobs, running jobs');
      },
    );
  });
}
