/** Use case of GET /api/jobs/<jobId>/logs: of the driver, or of one task attempt; from Ray, else what was kept of it. */
import type { LogsWire } from '../../contract/jobs.ts';
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import { errorSentence } from '../../schema/error-sentence.ts';
import { megabytes } from '../../sources/http/json-reader.ts';
import { LOG_BYTES } from '../../sources/ray/client.ts';
import { attemptsOfTask } from '../../store/queries/attempts.ts';
import type { JobIdentity } from '../../store/queries/job-identities.ts';
import { type LogKey, selectKeptLog } from '../../store/queries/kept-logs.ts';
import { ProblemError } from '../http/problem.ts';
import type { RaySource } from '../runtime/ray-source.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type JobQuery, resolveJob } from './jobs.ts';
import { keepLog, logTail } from './kept-logs.ts';

const KEPT_LINES = 1000;

interface LogsQuery extends JobQuery {
  readonly taskId?: string | undefined;
  readonly attempt?: number | undefined;
  readonly stream?: 'out' | 'err' | undefined;
  readonly tail: number;
}

interface ReadLog {
  readonly text: string;
  readonly cutBytes: number;
  readonly origin: string;
}

interface Requested {
  readonly kind: LogsWire['source'];
  readonly key: LogKey;
  /** Where the text comes from, for people. */
  readonly origin: string;
  readonly read: (ray: RaySource) => Promise<ReadLog>;
  /** Said where the log can never be there; null where it can. */
  readonly never: SourceNoticeWire | null;
}

/** Throws not-found for an unknown job or attempt; a log that cannot be had is a notice. */
export async function getLogs(runtime: Runtime, query: LogsQuery, signal: AbortSignal): Promise<LogsWire> {
  const job = await resolveJob(runtime, query);
  const requested = query.taskId ? await attemptLog(runtime, job, query.taskId, query, signal) : driverLog(job, signal);
  const ray = sourceOf(runtime, job);
  const { read, notice } = await fromRay(requested, ray, job);
  if (read !== null) {
    await keepLog(runtime.engine, requested.key, read.text);
    return logs({ ...requested, origin: read.origin }, read, query.tail, false, []);
  }
  const kept = await selectKeptLog(runtime.engine, requested.key);
  const notices = notice ? [notice] : [];
  if (!kept) return logs(requested, { text: '', cutBytes: 0 }, query.tail, false, notices);
  const stale: SourceNoticeWire = {
    source: ray ? `ray:${ray.cluster}` : 'store',
    kind: 'stale',
    message: `${notice?.message ?? 'Ray cannot be asked'}; shown is what X-Ray kept at ${kept.stored} UTC`,
    whatToDo: notice?.whatToDo ?? null,
  };
  return logs(requested, { text: kept.text, cutBytes: 0 }, query.tail, true, [stale]);
}

async function logs(
  requested: Requested,
  read: Pick<ReadLog, 'text' | 'cutBytes'>,
  tail: number,
  kept: boolean,
  notices: SourceNoticeWire[],
): Promise<LogsWire> {
  const { lines, truncated, cutCharacters, cutLines } = await logTail(read.text, tail);
  const cutBytes = lines.length < tail ? read.cutBytes + cutCharacters : 0;
  const cut = [
    ...(cutBytes > 0
      ? [`only the last ${megabytes(LOG_BYTES)} of it are read: ${megabytes(cutBytes)} before them are not shown`]
      : []),
    ...(cutLines > 0
      ? [`of ${cutLines.toLocaleString('en-US')} lines longer than 16,384 characters only both ends are shown`]
      : []),
  ];
  return {
    source: requested.kind,
    lines,
    origin: requested.origin,
    truncated: truncated || read.cutBytes > 0,
    cutBytes,
    cutLines,
    kept,
    notices:
      cut.length > 0
        ? [...notices, { source: 'log', kind: 'partial', message: `${cut.join('; ')}.`, whatToDo: null }]
        : notices,
  };
}

/** The source that shows the job's session, else the one of its cluster. */
function sourceOf(runtime: Runtime, job: JobIdentity): RaySource | null {
  const rays = runtime.rays();
  return (
    rays.find((ray) => ray.sessions().includes(job.session)) ?? rays.find((ray) => ray.cluster === job.cluster) ?? null
  );
}

async function fromRay(
  requested: Requested,
  ray: RaySource | null,
  job: JobIdentity,
): Promise<{ readonly read: ReadLog | null; readonly notice: SourceNoticeWire | null }> {
  if (requested.never) return { read: null, notice: requested.never };
  const refuse = (
    kind: SourceNoticeWire['kind'],
    message: string,
    whatToDo: string | null,
  ): { readonly read: null; readonly notice: SourceNoticeWire } => ({
    read: null,
    notice: { source: ray ? `ray:${ray.cluster}` : 'ray', kind, message, whatToDo },
  });
  if (!ray)
    return refuse(
      'nothing-measured',
      `no dashboard of Ray is connected for cluster "${job.cluster}", so there are no logs`,
      'Set RAY_DASHBOARD_URL, or clusters[].ray.url in xray.yaml.',
    );
  const [session] = ray.sessions();
  if (session !== undefined && session !== job.session)
    return refuse(
      'nothing-measured',
      `the cluster has been started again since (${session}): its old logs are gone`,
      null,
    );
  try {
    return { read: await requested.read(ray), notice: null };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const down = 'code' in error && error.code === 'ray-down';
    const late = 'code' in error && error.code === 'source-late';
    const advice = 'whatToDo' in error && error.whatToDo !== null ? String(error.whatToDo) : null;
    return refuse(late ? 'late' : down ? 'down' : 'refused', errorSentence(error), advice);
  }
}

function driverLog(job: JobIdentity, signal: AbortSignal): Requested {
  const submission = job.submission_id;
  const origin = submission ? `/api/jobs/${submission}/logs` : 'driver';
  return {
    kind: 'driver',
    key: { session: job.session, jobId: job.job_id },
    origin,
    read: async (ray) => ({ ...(await ray.jobLog(submission, signal)), origin }),
    never: submission
      ? null
      : {
          source: 'ray',
          kind: 'nothing-measured',
          message:
            'this driver was not submitted as a job: it wrote to the terminal it was started from, and Ray has no log of it',
          whatToDo: 'Start it with `ray job submit`, or open the log of one of its tasks.',
        },
  };
}

async function attemptLog(
  runtime: Runtime,
  job: JobIdentity,
  taskId: string,
  query: LogsQuery,
  signal: AbortSignal,
): Promise<Requested> {
  const rows = await runtime.engine.select(attemptsOfTask, { session: job.session, job: job.job_id, task: taskId });
  const row = query.attempt === undefined ? rows.at(-1) : rows.find((one) => one.attempt === query.attempt);
  if (!row)
    throw new ProblemError(
      'not-found',
      query.attempt === undefined || rows.length === 0
        ? `job ${job.job_id} has no task "${taskId}"`
        : `task ${taskId} has no attempt ${query.attempt}: it has ${rows.map((one) => one.attempt).join(', ')}`,
    );
  const { attempt } = row;
  const stream = query.stream ?? 'out';
  const actorId = row.actor_id;
  const origin = `/api/v0/logs/file?task_id=${taskId}&attempt_number=${attempt}&suffix=${stream}`;
  // A short question must not put a short text in the place of what was kept.
  const lines = Math.max(query.tail, KEPT_LINES);
  return {
    kind: 'task',
    key: { session: job.session, jobId: job.job_id, taskId, attempt, stream },
    origin,
    read: async (ray) => {
      try {
        return { ...(await ray.taskLog({ taskId, attempt, stream, lines }, signal)), origin };
      } catch (error) {
        // An actor's tasks share its log: unless Ray records where each begins, it has only the whole.
        const status = error instanceof Error && 'status' in error ? error.status : null;
        if (status !== 500 || actorId === null) throw error;
        return {
          ...(await ray.actorLog({ actorId, stream, lines }, signal)),
          origin: `/api/v0/logs/file?actor_id=${actorId}&suffix=${stream}`,
        };
      }
    },
    never:
      row.worker_id === null && row.start_ns === null
        ? {
            source: 'ray',
            kind: 'nothing-measured',
            message: `attempt ${attempt} never reached a worker, so it wrote nothing`,
            whatToDo: null,
          }
        : null,
  };
}
