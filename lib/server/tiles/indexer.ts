/**
 * Indexes timelines (lib/store/schema/timeline.ts, lib/decisions/0011): looks at what came in, after it was stored and not by the
 * clock. A look costs a few queries whatever it finds, so that those of a system that nobody watches are joined:
 *
 *   stored    | |  | |   |                        | = an insert of attempts
 *   looks            L1s   L1s   somebody watches that job, or much came in
 *                                L30s   nobody does
 *   at rest                            L5s        one more look that only says up to when all is indexed; then none
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Gauge } from 'prom-client';
import {
  endedSince,
  keptUntil,
  partsOfJobs,
  touchedJob,
  touchedJobs,
} from '../../store/queries/timeline/timeline-indexer.ts';
import type { JobKey } from '../../store/queries/timeline/timeline-parts.ts';
import type { TimelineIndexer } from '../runtime/timeline-indexer.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createJobIndexer, STEP, type TouchedJob } from './index-jobs.ts';
import { createJobCounter } from './job-counts.ts';
import { jobKey } from './job-lanes.ts';
import { createKnownJobs } from './known-jobs.ts';
import { createLookClock } from './look-clock.ts';
import { createSliceWriter } from './slice-writer.ts';
import type { StoredAttempts } from './stored-attempts.ts';

/** `stored` is in whole seconds and set when an insert begins: what came in so shortly before is asked for again. */
const SLACK_S = 2;
/** So many that fail in one look, and none that does not: it is the store, not the jobs. */
const MANY_FAIL = 20;
/** Jobs that wait to be tried again. */
const MOST_LATE = 10_000;
/** A job that cannot be indexed is tried again after so long, and after ever longer. */
const RETRY_MS = 5_000;
const RETRY_MOST_MS = 600_000;
/** A page waits so long for what runs of a job that is not in memory. */
const WAIT_MS = 1_000;

/** Names come from outside and may be very long. */
const LOGGED = 300;
const logged = ({ session, job_id }: JobKey) => ({ session: session.slice(0, LOGGED), job: job_id.slice(0, LOGGED) });
const logText = (error: unknown): string => String(error).slice(0, 4 * LOGGED);

interface Late extends JobKey {
  readonly since: number;
  failures: number;
  notBefore: number;
}

export function createTimelineIndexer(stored: StoredAttempts, telemetry: Telemetry): TimelineIndexer {
  const { engine, writingSince } = stored;
  const registers = [telemetry.registry];
  const kept = new Counter({ name: 'xray_timeline_slices_total', help: 'Slices kept for timelines.', registers });
  const relaid = new Counter({
    name: 'xray_timeline_relaid_workers_total',
    help: 'Workers whose slices got new lanes, because what was kept of them changed.',
    registers,
  });
  const rebuilt = new Counter({
    name: 'xray_timeline_rebuilt_jobs_total',
    help: 'Jobs whose timeline was made anew.',
    registers,
  });
  const looks = new Counter({
    name: 'xray_timeline_looks_total',
    help: 'Looks of the timeline indexer at what came in.',
    registers,
  });
  new Gauge({
    name: 'xray_timeline_behind_seconds',
    help: 'Age of the oldest attempts that were stored and are not in timelines; 0 where all are.',
    registers,
    collect() {
      this.set(clock.waitsFor() / 1000);
    },
  });
  const counter = createJobCounter(engine, telemetry);
  const stop = new AbortController();
  const known = createKnownJobs();
  let version = 0n;
  const nextVersion = (): bigint => {
    const now = BigInt(Date.now()) * 1000n;
    version = now > version ? now : version + 1n;
    return version;
  };
  const writer = createSliceWriter(engine, { kept, relaid }, nextVersion);
  const indexer = createJobIndexer(engine, writer, telemetry, known, {
    rebuilt: () => rebuilt.inc(),
    rest: (ms) => sleep(ms, undefined, { signal: stop.signal }),
  });
  const clock = createLookClock(engine.kind === 'clickhouse');
  stored.onStored(clock.stored);

  /** Everything stored before is in timelines, but for `late`. Unix seconds; null before the first look. */
  let since: number | null = null;
  /** Jobs of which so much is new that it takes a while until it is indexed. */
  let making = new Set<string>();
  const late = new Map<string, Late>();

  function failed(job: JobKey, from: number, error: unknown): void {
    const key = jobKey(job.session, job.job_id);
    const { session, job_id } = job;
    const one = late.get(key) ?? { session, job_id, since: from, failures: 0, notBefore: 0 };
    one.failures += 1;
    one.notBefore = Date.now() + Math.min(RETRY_MOST_MS, RETRY_MS * 2 ** one.failures);
    if (late.size < MOST_LATE || late.has(key)) late.set(key, one);
    telemetry.log('error', 'timeline-job', { ...logged(job), failures: one.failures, error: logText(error) });
  }

  async function index(news: readonly TouchedJob[], from: number): Promise<void> {
    const isMuch = news.filter(({ touched }) => touched > STEP);
    making = new Set(isMuch.map(({ session, job_id }) => jobKey(session, job_id)));
    try {
      const failures = await indexer.touched(news, from);
      const [first] = failures.values();
      if (failures.size >= MANY_FAIL && failures.size === news.length) throw first;
      for (const [job, error] of failures) failed(job, from, error);
    } finally {
      making = new Set();
    }
  }

  async function indexLate(): Promise<void> {
    for (const [key, one] of late) {
      if (one.notBefore > Date.now()) continue;
      try {
        const news = await engine.select(touchedJob, { session: one.session, job: one.job_id, since: one.since });
        for (const error of (await indexer.touched(news, one.since)).values()) throw error;
        // It may be its end that failed.
        const [parts] = await engine.select(partsOfJobs, { sessions: [one.session], jobs: [one.job_id] });
        if (parts !== undefined) await indexer.ended(parts);
        late.delete(key);
      } catch (error) {
        failed(one, one.since, error);
      }
    }
  }

  async function look(): Promise<void> {
    const work = clock.begin();
    const began = Math.floor((writingSince() ?? Date.now()) / 1000);
    try {
      since ??= (await engine.select(keptUntil))[0]?.until ?? 0;
      const news = work.attempts ? await engine.select(touchedJobs, { since }) : [];
      if (work.attempts || work.jobs) looks.inc();
      await index(news, since);
      const ended = work.jobs ? await engine.select(endedSince, { since }) : [];
      for (const job of ended) await indexer.ended(job).catch((error: unknown) => failed(job, since ?? 0, error));
      await indexLate();
      const until = Math.max(0, began - SLACK_S);
      if (until > since && (work.attempts || work.jobs || work.isSettling)) {
        await engine.insert('xray.timeline_kept', [{ id: 1, until, version: nextVersion() }]);
        since = until;
        counter.start(until);
      }
      clock.end(news, null);
    } catch (error) {
      clock.end([], error);
      throw error;
    }
  }

  let closed = false;
  let working: Promise<unknown> = Promise.resolve();
  /** One after the other, whoever asks. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = working.then(work);
    working = next.catch(() => {});
    return next;
  }
  async function loop(): Promise<void> {
    while (!closed) {
      await clock.due(
        late.size === 0 ? null : Math.min(...[...late.values()].map(({ notBefore }) => notBefore)),
        stop.signal,
      );
      if (closed) return;
      await inTurn(look).catch((error: unknown) => {
        if (!closed) telemetry.log('error', 'timeline-indexer', { error: String(error), failures: clock.failures() });
      });
    }
  }
  const looping = loop();

  return {
    async running(session, job) {
      clock.watch(jobKey(session, job));
      if (known.get(session, job) === undefined && !closed) {
        const loading = inTurn(async () => {
          if (closed || known.get(session, job) !== undefined) return;
          const which = { sessions: [session], jobs: [job] };
          const [parts] = await engine.select(partsOfJobs, which);
          if (parts !== undefined) await indexer.load([{ session, job_id: job, rows: parts.rows, isAllNew: false }]);
          known.shrink();
        });
        loading.catch((error: unknown) => {
          if (!closed)
            telemetry.log('error', 'timeline-running', { ...logged({ session, job_id: job }), error: logText(error) });
        });
        await Promise.race([loading.catch(() => {}), sleep(WAIT_MS, undefined, { ref: false })]);
      }
      const found = known.get(session, job);
      return { slices: [...(found?.open.values() ?? [])], limited: found?.isOpenLimited ?? false };
    },
    async caughtUp(session, job) {
      clock.watch(jobKey(session, job));
      if (closed || !clock.mayLookNow()) return;
      const looking = inTurn(look).catch(() => {});
      await Promise.race([looking, sleep(WAIT_MS, undefined, { ref: false })]);
    },
    isMaking: (session, job) => making.has(jobKey(session, job)),
    revision: known.revision,
    keep: () => {
      clock.stored({ attempts: 1, jobs: 1 });
      return inTurn(look);
    },
    counted: counter.settled,
    async close() {
      closed = true;
      stop.abort();
      await counter.close();
      await looping;
      await working;
    },
  };
}
