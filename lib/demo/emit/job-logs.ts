/** Lines that the simulated drivers and workers wrote. */

import { stepAt, stepStart } from '../jobs/training.ts';
import type { Tally } from '../state/tally.ts';
import { type Job, jobsOf, runsOf } from '../world/model.ts';
import type { ApiAnswer } from './api-answer.ts';

const LINES = 1500;
const stamp = (time: number): string =>
  new Date(time).toISOString().replace('T', ' ').replace('Z', '').replace('.', ',');

/** The driver's log up to the tally's time; only its newest lines. */
export function jobLog(tally: Tally, job: Job): string {
  const { time } = tally;
  const world = runsOf(tally.world).find((run) => run.jobs.train === job) ?? tally.world;
  const head = [
    `${stamp(job.start)}\tINFO job_manager.py:583 -- Runtime env is setting up.`,
    `Running entrypoint for job ${job.submissionId}: ${job.entrypoint}`,
    'This is a simulated job.',
  ];
  const lines: string[] = [];
  if (job.key === 'train') {
    const last = stepAt(world, time) - (job.end !== null && time >= job.end ? 0 : 1);
    for (let step = Math.max(0, last - LINES); step <= last; step += 1) {
      const took = (stepStart(world, step + 1) - stepStart(world, step)) / 1000;
      const loss = (0.4 + 2.2 * Math.exp(-step / 900)).toFixed(4);
      lines.push(`${stamp(stepStart(world, step + 1))} step ${step} loss ${loss} step_time ${took.toFixed(2)}s`);
    }
  } else {
    for (const attempt of tally
      .ended()
      .filter((one) => one.job === 'preprocess')
      .slice(-LINES)) {
      const outcome = attempt.failure ? `FAILED ${attempt.failure.errorType}` : 'done';
      lines.push(
        `${stamp(attempt.ended)} (${attempt.functionName} pid=${attempt.worker.pid}) attempt ${attempt.attempt} ${outcome}`,
      );
    }
  }
  return `${[...head, ...lines].join('\n')}\n`;
}

/** GET /api/v0/logs/file: lines of one attempt's stdout or stderr, of a worker's file, or of a job's driver. */
export function taskLog(tally: Tally, query: URLSearchParams): ApiAnswer {
  const answer = (body: string, status = 200): ApiAnswer => ({
    status,
    contentType: 'text/plain; charset=utf-8',
    body,
  });
  const wanted = Number(query.get('lines') ?? '1000');
  const tail = (body: string): string =>
    wanted < 0 ? body : `${body.trimEnd().split('\n').slice(-wanted).join('\n')}\n`;
  const submission = query.get('submission_id');
  const job = jobsOf(tally.world).find((one) => one.submissionId === submission);
  if (job) return answer(tail(jobLog(tally, job)));
  const taskId = query.get('task_id');
  const number = Number(query.get('attempt_number') ?? '0');
  const attempt = [...tally.open(), ...tally.ended()].find((one) => one.taskId === taskId && one.attempt === number);
  if (!attempt) return answer(`Could not find task log for task: ${taskId} (attempt ${number})`, 500);
  const failure = tally.time >= attempt.ended ? attempt.failure : null;
  if (query.get('suffix') === 'err') return answer(tail(failure ? `${failure.errorMessage}\n` : ''));
  const lines = [`${stamp(attempt.started)} ${attempt.functionName}: attempt ${attempt.attempt} started (simulated)`];
  if (tally.time >= attempt.ended && !failure) lines.push(`${stamp(attempt.ended)} ${attempt.functionName}: done`);
  return answer(tail(`${lines.join('\n')}\n`));
}
