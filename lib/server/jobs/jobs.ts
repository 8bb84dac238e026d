/** Use cases of jobs: the list, one job, its identity across clusters and sessions, its completeness. */
import type { CompletenessWireValue, JobSummaryWire, JobsWire, JobWire } from '../../contract/jobs.ts';
import { ownValue, setOwnValue } from '../../model/own-value.ts';
import { IMPORTED_SESSION } from '../../model/task.ts';
import { type JobIdentity, jobIdentities } from '../../store/queries/job-identities.ts';
import { completeness, type JobRow, jobs, storedAttempts } from '../../store/queries/jobs.ts';
import { setAside } from '../../store/queries/set-aside.ts';
import { staleCounts } from '../../store/queries/timeline/job-counts.ts';
import { ProblemError } from '../http/problem.ts';
import { REJECTED } from '../ingest/set-aside.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** The newest end of a job wins over what the driver's life says: the Jobs API knows how it ended, events only that. */
export function jobStatus(
  row: Pick<JobRow, 'session' | 'statuses' | 'attempts' | 'finished' | 'failed'>,
): JobSummaryWire['status'] {
  for (const final of ['SUCCEEDED', 'FAILED', 'STOPPED'] as const) if (final in row.statuses) return final;
  if ('FINISHED' in row.statuses) return 'FINISHED';
  if ('RUNNING' in row.statuses) return 'RUNNING';
  if ('PENDING' in row.statuses) return 'PENDING';
  const isOpen = row.attempts > row.finished + row.failed && !row.session.startsWith(IMPORTED_SESSION);
  return isOpen ? 'RUNNING' : 'UNKNOWN';
}

const parseTexts = (json: string): Record<string, string> =>
  json === '' ? {} : (JSON.parse(json) as Record<string, string>);
const OWNER_KEYS = ['owner', 'user', 'team', 'dagster/owner', 'created_by'];

/** Who the metadata that came with a job says it is for; null where it does not say. */
export function ownerOf(metadata: string): string | null {
  return ownerIn(parseTexts(metadata));
}

function ownerIn(metadata: Readonly<Record<string, string>>): string | null {
  return OWNER_KEYS.map((key) => ownValue(metadata, key)).find((name) => name) ?? null;
}

const orNull = (text: string): string | null => (text === '' ? null : text);

export function jobSummary(row: JobRow): JobSummaryWire {
  const duration =
    row.start_ns !== null && row.end_ns !== null ? (BigInt(row.end_ns) - BigInt(row.start_ns)).toString() : null;
  return {
    cluster: row.cluster,
    session: row.session,
    jobId: row.job_id,
    submissionId: orNull(row.submission_id),
    type: row.submission_id === '' ? 'DRIVER' : 'SUBMISSION',
    status: jobStatus(row),
    entrypoint: orNull(row.entrypoint),
    owner: ownerOf(row.metadata),
    startNs: row.start_ns,
    endNs: row.end_ns,
    durationNs: duration,
    isInternal: row.is_internal,
    tasks: {
      attempts: row.attempts,
      finished: row.finished,
      failed: row.failed,
      running: row.running,
      pending: row.pending,
      retries: row.retries,
    },
    functions: row.functions.map(([name, finished, failed, running, pending]) => ({
      name,
      finished: Number(finished),
      failed: Number(failed),
      running: Number(running),
      pending: Number(pending),
    })),
    resources: heldResources(row),
  };
}

/**
 * What a job holds now: what its running tasks and its living actors asked for. A job that has ended holds nothing,
 * whatever its last messages say: the end of an actor may be lost with its worker.
 */
function heldResources(row: JobRow): Record<string, number> {
  if (row.end_ns !== null) return {};
  const held: Record<string, number> = {};
  for (const part of [row.task_resources, row.actor_resources])
    for (const [name, amount] of Object.entries(part)) setOwnValue(held, name, (ownValue(held, name) ?? 0) + amount);
  // Sums of tenths of a CPU are not exact in float64: Ray counts in units of 1/10000 itself.
  return Object.fromEntries(Object.entries(held).map(([name, amount]) => [name, Math.round(amount * 1e4) / 1e4]));
}

interface JobsQuery {
  readonly cluster?: string | undefined;
  readonly session?: string | undefined;
  readonly status?: string | undefined;
  readonly internal?: boolean | undefined;
  readonly limit: number;
  /** Jobs before this page. */
  readonly cursor?: number | undefined;
}

export async function listJobs(runtime: Runtime, query: JobsQuery, signal?: AbortSignal): Promise<JobsWire> {
  const options = signal ? { signal } : {};
  const from = query.cursor ?? 0;
  const page = {
    session: query.session ?? '',
    cluster: query.cluster ?? '',
    job: '',
    exact: '',
    internal: query.internal ? 1 : 0,
    status: query.status ?? '',
    // One more than asked for tells whether there is another page.
    limit: query.limit + 1,
    offset: from,
  };
  const [rows, stale] = await Promise.all([
    runtime.engine.select(jobs, page, options),
    runtime.engine.select(staleCounts, {}, options),
  ]);
  const shown = rows.slice(0, query.limit);
  return {
    jobs: shown.map(jobSummary),
    nextCursor: shown.length < rows.length ? String(from + query.limit) : null,
    notices: countNotices(shown, stale),
  };
}

/** Large jobs are counted beside everything else: what their counts leave out is said. */
function countNotices(
  rows: readonly JobRow[],
  stale: readonly { readonly session: string; readonly job_id: string; readonly until: number }[],
): JobsWire['notices'] {
  const requested = new Set(rows.map((row) => `${row.session}/${row.job_id}`));
  return stale
    .filter(({ session, job_id }) => requested.has(`${session}/${job_id}`))
    .map(({ job_id, until }) => ({
      source: 'store',
      kind: 'stale',
      message:
        until === 0
          ? `the attempts of job ${job_id} are being counted: until then its numbers are the ended attempts that its timeline holds`
          : `the attempts of job ${job_id} are counted as of ${new Date(until * 1000).toISOString()}`,
      whatToDo: 'a job of so many attempts is counted again in the background; its timeline is newer',
    }));
}

export interface JobQuery {
  readonly jobId: string;
  readonly cluster?: string | undefined;
  readonly session?: string | undefined;
}

/** Jobs that an ambiguous id is answered with. */
const MOST_CHOICES = 100;

/** The one job that is meant, by Ray's job id or by submission id. Throws `not-found` or `ambiguous-job` with choices. */
export async function resolveJob(runtime: Runtime, query: JobQuery): Promise<JobIdentity> {
  const params = { session: query.session ?? '', cluster: query.cluster ?? '', job: query.jobId };
  const [one, another] = await runtime.engine.select(jobIdentities, params);
  if (one && !another) return one;
  const rest = { exact: '', internal: 1, status: '', limit: MOST_CHOICES, offset: 0 };
  const found = await runtime.engine.select(jobs, { ...params, ...rest });
  // An internal job of Ray's is meant only where nothing else has that id.
  const users = found.filter((row) => !row.is_internal);
  const rows = users.length > 0 ? users : found;
  const [only, ...others] = rows;
  if (!only)
    throw new ProblemError(
      'not-found',
      `no job "${query.jobId}" is known${query.cluster ? ` in cluster "${query.cluster}"` : ''}${query.session ? ` in session "${query.session}"` : ''}: list the known ones with GET /api/jobs`,
    );
  if (others.length > 0) {
    const choices = rows.map((row) => ({ cluster: row.cluster, session: row.session, jobId: row.job_id }));
    throw new ProblemError(
      'ambiguous-job',
      `${rows.length < MOST_CHOICES ? rows.length : `${MOST_CHOICES} or more`} jobs are called "${query.jobId}": add ?cluster= or ?session= (choices)`,
      { choices },
    );
  }
  return only;
}

const SOURCE_NAMES: Readonly<Record<string, string>> = {
  event: 'events',
  'state-api': 'state-api',
  timeline: 'timeline',
};

const RAY_DOORS = ['ray-events', 'ray-timeline'];
/** Longer than anything is kept. */
const FOREVER_DAYS = 10_000;

/** What the sources admit to not knowing about a job's attempts. */
export async function completenessOf(runtime: Runtime, job: JobIdentity): Promise<CompletenessWireValue> {
  const params = { session: job.session, job: job.job_id };
  const [[stored], told, aside] = await Promise.all([
    runtime.engine.select(storedAttempts, params),
    runtime.engine.select(completeness, params),
    runtime.engine.select(setAside, { doors: RAY_DOORS, session: job.session, days: FOREVER_DAYS }),
  ]);
  const sources = (stored?.sources ?? []).map((source) => ownValue(SOURCE_NAMES, source) ?? source).sort();
  const hasEvents = sources.includes('events');
  // A list cut at 10,000 matters only while the store has less than it reported: the events, or later lists, told the
  // rest. What other sources have to say of themselves is of no interest where events tell everything.
  const count = stored?.stored ?? 0;
  const relevant = told.filter((row) =>
    row.truncated && row.reported !== null ? count < row.reported : !(hasEvents && row.source !== 'events'),
  );
  const reasons = relevant.map((row) => row.reason).filter((reason) => reason !== '');
  if (stored && stored.undefined_attempts > 0)
    reasons.push(
      `${stored.undefined_attempts} attempts came without a definition: the driver ran without RAY_enable_ray_event`,
    );
  if (stored && stored.open > 0)
    reasons.push(`${stored.open} attempts never told how they ended and were closed by the end of the job`);
  const refused = aside.find(({ what }) => what === REJECTED);
  if (refused)
    reasons.push(
      `${refused.records.toLocaleString('en-US')} ${refused.records === 1 ? 'record' : 'records'} of this session could not be read: ${refused.reason}`,
    );
  const unused = aside.filter(({ what }) => what !== REJECTED).map(({ what, records }) => ({ type: what, records }));
  const largest = (values: readonly (number | null)[]): number | null => {
    const known = values.filter((value): value is number => value !== null);
    return known.length > 0 ? Math.max(...known) : null;
  };
  return {
    source: sources.length > 0 ? sources.join('+') : 'none',
    // A list of fewer than are stored is one of earlier, not what there was to know.
    reported: largest(told.map((row) => (row.reported !== null && row.reported < count ? null : row.reported))),
    stored: count,
    dropped: largest(relevant.map((row) => row.dropped)),
    truncated: relevant.some((row) => row.truncated),
    reason: reasons.length > 0 ? reasons.join('; ') : null,
    ...(unused.length > 0 ? { unused } : {}),
  };
}

export async function getJob(runtime: Runtime, query: JobQuery): Promise<JobWire> {
  const identity = await resolveJob(runtime, query);
  const [[row], completeness, stale] = await Promise.all([
    runtime.engine.select(jobs, {
      session: identity.session,
      cluster: '',
      job: identity.job_id,
      exact: identity.job_id,
      internal: 1,
      status: '',
      limit: 1,
      offset: 0,
    }),
    completenessOf(runtime, identity),
    runtime.engine.select(staleCounts, {}),
  ]);
  if (!row) throw new ProblemError('not-found', `job "${identity.job_id}" holds nothing but Ray's own tasks`);
  return {
    job: jobSummary(row),
    message: orNull(row.message),
    errorType: orNull(row.error_type),
    metadata: parseTexts(row.metadata),
    runtimeEnv: orNull(row.runtime_env),
    driver: { nodeId: orNull(row.driver_node_id), pid: row.driver_pid, exitCode: row.driver_exit_code },
    completeness,
    notices: countNotices([row], stale),
  };
}
