/**
 * One look at a Ray cluster through its dashboard: one request at a time, each list alone able to fail, and of what it
 * says only what is new since the look before. Just over 300 lines: one look is one run from start to end.
 *
 * Tasks: the first look asks for all at once, events or not: they may have begun before X-Ray listened. Where that list is
 * complete, jobs that have ended are done with; otherwise, and later, only jobs that still go on are asked for, one by
 * one (Ray's limit of 10,000 then counts per job), and a job for a last time after its end. A job whose tasks come as
 * events is not asked for again.
 */
import type { z } from 'zod';
import type {
  ActorPart,
  AttemptPart,
  JobPart,
  NodePart,
  OutOfMemoryKill,
  ProfileSpan,
  RayFacts,
  SessionSighting,
  WorkerPart,
} from '../../model/task.ts';
import { milliseconds, millisecondsToNanoseconds } from '../../model/units.ts';
import { inSlices } from '../../sources/http/event-loop-turns.ts';
import { type RayClient, RayFailure } from '../../sources/ray/client.ts';
import { decodeActor, decodeJob, decodeNode, decodeWorker, JOB_ENDS } from '../../sources/ray/decode-cluster.ts';
import {
  createListingDecoder,
  type DecodedListing,
  LISTING_ROWS,
  MAX_LIMIT,
} from '../../sources/ray/decode-listing.ts';
import { decodeTask, decodeTaskProfile, taskSignature } from '../../sources/ray/decode-task.ts';
import { oomKillsOfTask, oomKillsOfWorker } from '../../sources/ray/oom-kills.ts';
import { Actor, Job, Jobs, Node, Task, type TaskWire, Version, Worker } from '../../sources/ray/wire.ts';
import type { ReportedCompleteness } from '../../store/insert-completeness.ts';
import { forgetJob, isNew, newMemory, type SessionMemory } from './poll-state.ts';

export interface Look {
  readonly memory: SessionMemory;
  readonly rayVersion: string | null;
  readonly facts: RayFacts;
  readonly completeness: readonly ReportedCompleteness[];
  /** Something happened in the cluster since the look before. */
  readonly changed: boolean;
  /** Jobs under way. */
  readonly running: number;
  /** Submissions and what is known of their end, for keeping their logs. */
  readonly submissions: readonly { readonly jobId: string; readonly submissionId: string; readonly ended: boolean }[];
  /** Lists that could not be had; the rest of the look stands. */
  readonly problems: readonly Error[];
  /** Set where the look was cut short (429, connection lost): ask less often. */
  readonly cutShort: Error | null;
}

export interface LookOptions {
  readonly cluster: string;
  /** Unix ms. */
  readonly now: number;
  /** Whether events define the tasks of this job; without a job: whether the session sends events at all. */
  readonly hasEvents: (session: string, jobId?: string) => boolean;
  readonly signal: AbortSignal;
}

/** The Jobs API has no limit of its own. */
const MOST_JOBS = 200_000;
/** Jobs asked for per look, those waiting longest first. */
const JOBS_PER_LOOK = 6;
/** Ray marks tasks that a job left open some seconds after its end (gcs_mark_task_failed_on_job_done_delay_ms 15 s). */
const SETTLE_MS = 20_000;
/** Actors and workers change slowly beside tasks. */
const SLOW_ROUNDS = 3;

const listPath = (resource: string, filters: readonly (readonly [string, string])[] = []): string =>
  `/api/v0/${resource}?detail=1&limit=${MAX_LIMIT}${filters
    .map(([key, value]) => `&filter_keys=${key}&filter_predicates=%3D&filter_values=${encodeURIComponent(value)}`)
    .join('')}`;

/** Rejects with RayFailure where the dashboard does not answer at all; anything less becomes a problem of the look. */
export async function lookAtRay(client: RayClient, before: SessionMemory | null, options: LookOptions): Promise<Look> {
  const version = readVersion(await client.json('/api/version', options.signal));
  const session = version.session_name;
  const memory = before?.session === session ? before : newMemory(session);
  const seen = millisecondsToNanoseconds(milliseconds(options.now));
  const problems: Error[] = [];
  let cutShort: Error | null = null;

  async function ask<T>(path: string, read: () => Promise<T>): Promise<T | null> {
    if (cutShort) return null;
    try {
      return await read();
    } catch (error) {
      if (options.signal.aborted) throw error;
      const problem =
        error instanceof RayFailure
          ? error
          : new RayFailure('ray-refused', 200, `Ray ${path} failed: an answer of another shape`, 'Update X-Ray.');
      problems.push(problem);
      if (problem.status === 429 || problem.code === 'ray-down') cutShort = problem;
      return null;
    }
  }
  const list = <Row>(resource: string, row: z.ZodType<Row>, filters: readonly (readonly [string, string])[] = []) =>
    ask(listPath(resource, filters), async () => {
      const { finish, ...take } = createListingDecoder(row);
      return finish(await client.rows(listPath(resource, filters), { rowsAt: LISTING_ROWS, ...take }, options.signal));
    });

  const facts = {
    attempts: [] as AttemptPart[],
    profileSpans: [] as ProfileSpan[],
    nodes: [] as NodePart[],
    actors: [] as ActorPart[],
    workers: [] as WorkerPart[],
    jobs: before && before !== memory ? jobsLeftOpen(before, session) : ([] as JobPart[]),
    kills: [] as OutOfMemoryKill[],
    sightings: [
      { session, cluster: options.cluster, rayVersion: version.ray_version ?? null, seen: milliseconds(options.now) },
    ] as SessionSighting[],
  };
  const completeness: ReportedCompleteness[] = [];

  const jobs: z.infer<typeof Job>[] = [];
  await ask('/api/jobs/', async () => {
    const onRow = (row: unknown): void => {
      const parsed = Job.safeParse(row);
      if (parsed.success) jobs.push(parsed.data);
    };
    Jobs.parse(await client.rows('/api/jobs/', { rowsAt: [], onRow, mostRows: MOST_JOBS }, options.signal));
  });
  await inSlices(jobs, (row) => {
    const part = decodeJob(session, row, seen);
    if (!part) return;
    const ended = part.status !== undefined && JOB_ENDS.has(part.status);
    if (ended) {
      memory.open.delete(part.jobId);
      const longAgo = part.end !== undefined && part.end < seen - BigInt(60_000) * 1_000_000n;
      if (!memory.endedSince.has(part.jobId)) memory.endedSince.set(part.jobId, longAgo ? 0 : options.now);
    } else memory.open.set(part.jobId, options.now);
    if (isNew(memory, 'job', part.jobId, JSON.stringify([row.status, row.end_time, row.message, row.submission_id])))
      facts.jobs.push(part);
  });

  const nodes = await list('nodes', Node);
  for (const row of nodes?.rows ?? []) {
    memory.nodes.set(row.node_id, row.state ?? '');
    // Stored at least every 30 s too: that it was seen is news.
    const beat = Math.floor(options.now / 30_000);
    if (isNew(memory, 'node', row.node_id, `${row.state}/${beat}`)) facts.nodes.push(decodeNode(session, row, seen));
  }

  const events = options.hasEvents(session);
  if (memory.round % SLOW_ROUNDS === 0) {
    for (const row of (await list('actors', Actor))?.rows ?? [])
      if (isNew(memory, 'actor', row.actor_id, [row.state, row.node_id, row.pid, row.num_restarts].join('/')))
        facts.actors.push(decodeActor(session, row, seen));
    for (const row of (events ? null : await list('workers', Worker))?.rows ?? [])
      if (isNew(memory, 'worker', row.worker_id, [row.pid, row.exit_type, row.end_time_ms].join('/'))) {
        const worker = decodeWorker(session, row);
        facts.workers.push(worker);
        if (worker.end !== undefined)
          facts.kills.push(
            ...oomKillsOfWorker({
              session,
              time: worker.end,
              source: 'state-api',
              message: worker.exitDetail,
              nodeId: worker.nodeId,
              exitType: worker.exitType,
              workerId: worker.workerId,
              pid: worker.pid,
            }),
          );
      }
  }
  memory.round += 1;

  /** Keeps what is new of a list. */
  const take = async (listing: DecodedListing<TaskWire>): Promise<void> => {
    await inSlices(listing.rows, (row) => {
      const known = memory.attempts.get(row.job_id) ?? new Map<string, string>();
      memory.attempts.set(row.job_id, known);
      const key = `${row.task_id}.${row.attempt_number}`;
      const signature = taskSignature(row);
      if (known.get(key) === signature) return;
      known.set(key, signature);
      const attempt = decodeTask(session, row);
      facts.attempts.push(attempt);
      const failed = attempt.stateTimes.FAILED;
      if (failed !== undefined)
        facts.kills.push(
          ...oomKillsOfTask({
            session,
            time: failed,
            source: 'state-api',
            message: attempt.errorMessage,
            jobId: attempt.jobId,
            nodeId: attempt.nodeId,
            errorType: attempt.errorType,
            taskId: attempt.taskId,
            attempt: attempt.attempt,
            name: attempt.name ?? attempt.functionName,
            actorId: attempt.actorId,
            workerId: attempt.workerId,
            pid: attempt.workerPid,
          }),
        );
      // Events carry the same phases to the nanosecond: taken twice they would be there twice.
      if (!events) for (const span of decodeTaskProfile(session, row)) facts.profileSpans.push(span);
    });
    if (listing.rejected > 0)
      problems.push(new Error(`${listing.rejected} rows of Ray's task list could not be read and were left out`));
  };
  const settle = (jobId: string): void => {
    const since = memory.endedSince.get(jobId);
    if (since === undefined || options.now - since < SETTLE_MS) return;
    memory.settled.add(jobId);
    forgetJob(memory, jobId);
  };
  const noteCompleteness = (jobId: string, reported: number | null, listing: DecodedListing<TaskWire>): void => {
    completeness.push(tellCompleteness(session, jobId, reported, listing));
  };

  let listedNow = false;
  if (!memory.listedAll) {
    const all = await list('tasks', Task);
    if (all) {
      await take(all);
      memory.listedAll = true;
      if (!all.truncated) {
        listedNow = true;
        const rows = new Map<string, number>();
        for (const row of all.rows) rows.set(row.job_id, (rows.get(row.job_id) ?? 0) + 1);
        // What was dropped is told of all jobs together: it is said of each.
        for (const [jobId, count] of rows) noteCompleteness(jobId, count, all);
        for (const row of jobs) if (row.job_id) settle(row.job_id);
      }
    }
  }
  const waiting = jobs
    .flatMap((row) => (row.job_id ? [row.job_id] : []))
    .filter((jobId) => !memory.settled.has(jobId) && !options.hasEvents(session, jobId))
    .sort((a, b) => (memory.asked.get(a) ?? 0) - (memory.asked.get(b) ?? 0));
  for (const jobId of listedNow ? [] : waiting.slice(0, JOBS_PER_LOOK)) {
    const own = [['job_id', jobId]] as const;
    const listing = await list('tasks', Task, own);
    if (!listing) continue;
    memory.asked.set(jobId, options.now);
    await take(listing);
    if (listing.truncated) {
      // The rows that a cut list leaves out are as a rule those that matter: they are asked for by state.
      for (const state of ['FAILED', 'RUNNING']) {
        const more = await list('tasks', Task, [...own, ['state', state]]);
        if (more) await take(more);
      }
    }
    noteCompleteness(jobId, listing.total, listing);
    settle(jobId);
  }

  return {
    memory,
    rayVersion: version.ray_version ?? null,
    facts,
    completeness,
    changed: facts.attempts.length + facts.jobs.length + facts.actors.length + facts.workers.length > 0,
    running: memory.open.size,
    submissions: jobs.flatMap((row) =>
      row.submission_id
        ? [
            {
              jobId: row.job_id || row.submission_id,
              submissionId: row.submission_id,
              ended: JOB_ENDS.has(row.status ?? ''),
            },
          ]
        : [],
    ),
    problems,
    cutShort,
  };
}

function readVersion(body: unknown): z.infer<typeof Version> {
  const version = Version.safeParse(body);
  if (version.success) return version.data;
  throw new RayFailure(
    'ray-refused',
    200,
    'Ray /api/version failed: the answer has no session_name',
    'Check that the address is that of a Ray dashboard, and that Ray is 2.9 or newer.',
  );
}

/** Another session answers at the address: jobs of the one before that were under way have ended with it. */
function jobsLeftOpen(before: SessionMemory, session: string): JobPart[] {
  return [...before.open].map(([jobId, lastSeen]) => {
    const end = millisecondsToNanoseconds(milliseconds(lastSeen));
    return {
      session: before.session,
      jobId,
      status: 'FINISHED',
      statusTime: end,
      end,
      message: `The cluster ended while this job was under way: ${session} took its place.`,
    };
  });
}

function tellCompleteness(
  session: string,
  jobId: string,
  reported: number | null,
  listing: DecodedListing<TaskWire>,
): ReportedCompleteness {
  const reasons = [...listing.warnings];
  if (listing.truncated)
    reasons.unshift(
      `Ray's State API lists at most ${MAX_LIMIT.toLocaleString('en-US')} attempts of a job: export Ray's events to see all`,
    );
  if (listing.dropped)
    reasons.unshift('Ray dropped task events before they could be listed (RAY_task_events_max_num_task_in_gcs)');
  return {
    session,
    jobId,
    source: 'state-api',
    reported,
    dropped: listing.dropped,
    truncated: listing.truncated,
    reason: reasons.length > 0 ? reasons.join('; ') : null,
  };
}
