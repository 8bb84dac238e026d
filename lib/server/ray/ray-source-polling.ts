/**
 * A Ray cluster that is looked at again and again: fast while things change, slowly while they do not, less and less
 * while it fails, and never for more than a fifth of the time that its dashboard needs to answer.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../../model/error-message.ts';
import { errorSentence } from '../../schema/error-sentence.ts';
import { createRayClient } from '../../sources/ray/client.ts';
import type { Engine } from '../../store/engine.ts';
import { insertCompleteness } from '../../store/insert-completeness.ts';
import { keepLog } from '../jobs/kept-logs.ts';
import type { HttpSource } from '../runtime/config.ts';
import type { Ingest } from '../runtime/ingest.ts';
import type { RaySource } from '../runtime/ray-source.ts';
import { createSourceState, publicUrl } from '../runtime/source-state.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { type Look, lookAtRay } from './poll.ts';
import type { SessionMemory } from './poll-state.ts';

export interface PolledRaySource extends RaySource {
  /** One look now; never rejects. Resolves to the pause before the next, in ms. */
  readonly look: () => Promise<number>;
}

export interface PolledRayOptions {
  readonly cluster: string;
  readonly source: HttpSource;
  readonly engine: Engine;
  readonly ingest: Pick<Ingest, 'rayFacts' | 'hearsEvents'>;
  readonly telemetry: Telemetry;
  /** Unix ms; the system's clock where it is left out. */
  readonly clock?: () => number;
}

/** Pauses between looks, in ms. */
export const PAUSE = {
  changing: 2_000,
  /** The longest while a job runs. */
  running: 10_000,
  /** The longest while nothing does, or while events tell of tasks. */
  idle: 30_000,
  /** The longest while it fails. */
  failing: 60_000,
  /** A look may take one part in five of the time, unless it takes more than a quarter of a minute. */
  share: 4,
} as const;
const KEEP_LOG_EVERY_MS = 60_000;
/** The rest waits for the next look: each is a request. */
const LOGS_PER_LOOK = 32;
/** A driver's log comes whole: one that is longer is not fetched again before the job ends. */
const KEEP_LOG_CHARACTERS = 2 * 1024 ** 2;

/** Throws where the CA file cannot be read. Does not look by itself: see `start`. */
export function createPolledRay(options: PolledRayOptions): PolledRaySource {
  const { cluster, source, engine, ingest, telemetry } = options;
  const clock = options.clock ?? Date.now;
  const state = createSourceState({ id: `ray:${cluster}`, kind: 'ray', cluster }, () => publicUrl(source.url));
  const client = createRayClient(source, { onClock: state.clock });
  const stop = new AbortController();
  const sessions: string[] = [];
  let memory: SessionMemory | null = null;
  let pause: number = PAUSE.changing;
  let looking: Promise<number> | null = null;
  /** When the log of a submission was last kept, and how long it was; Infinity: kept after its end. */
  const keptAt = new Map<string, { readonly at: number; readonly length: number }>();

  async function store(look: Look): Promise<void> {
    await ingest.rayFacts(look.facts);
    await insertCompleteness(engine, look.completeness);
  }

  /** Driver logs are kept while the job runs and once more when it has ended: clusters go away with their jobs. */
  async function keepLogs(look: Look): Promise<void> {
    let left = LOGS_PER_LOOK;
    for (const { jobId, submissionId, ended } of look.submissions) {
      const key = `${look.memory.session}/${submissionId}`;
      const kept = keptAt.get(key);
      const due = ended
        ? kept?.at !== Number.POSITIVE_INFINITY
        : clock() - (kept?.at ?? 0) >= KEEP_LOG_EVERY_MS && (kept?.length ?? 0) < KEEP_LOG_CHARACTERS;
      if (!due || stop.signal.aborted || left <= 0) continue;
      left -= 1;
      try {
        const { text, cutBytes } = await jobLog(submissionId, stop.signal);
        await keepLog(engine, { session: look.memory.session, jobId }, text);
        keptAt.set(key, { at: ended ? Number.POSITIVE_INFINITY : clock(), length: text.length + cutBytes });
      } catch (error) {
        // Asked again only with the next change of the job's end: a log that is gone stays gone.
        keptAt.set(key, { at: ended ? Number.POSITIVE_INFINITY : clock(), length: 0 });
        if (stop.signal.aborted) throw error;
      }
    }
  }

  async function lookOnce(): Promise<number> {
    const begun = clock();
    try {
      const look = await lookAtRay(client, memory, {
        cluster,
        now: begun,
        hasEvents: ingest.hearsEvents,
        signal: stop.signal,
      });
      await store(look);
      memory = look.memory;
      const { session } = memory;
      if (sessions[0] !== session) sessions.unshift(session);
      const events = ingest.hearsEvents(session);
      state.detail('session', session);
      if (look.rayVersion) state.detail('rayVersion', look.rayVersion);
      state.detail('nodesAlive', [...memory.nodes.values()].filter((one) => one === 'ALIVE').length);
      state.detail('jobsRunning', look.running);
      state.detail('tasksFrom', events ? 'events' : 'state-api');
      state.succeeded();
      const [problem, ...others] = look.problems;
      if (problem)
        state.set(
          'degraded',
          `${errorSentence(problem)}${others.length > 0 ? ` (and ${others.length} more)` : ''}`,
          'whatToDo' in problem ? String(problem.whatToDo) : null,
        );
      if (look.cutShort) pause = Math.min(PAUSE.failing, pause * 2);
      else {
        await keepLogs(look);
        const longest = look.running > 0 && !events ? PAUSE.running : PAUSE.idle;
        pause = look.changed && !events ? PAUSE.changing : Math.min(longest, pause * 1.5);
      }
    } catch (error) {
      if (!stop.signal.aborted) {
        state.failed(error);
        if (pause < PAUSE.failing)
          telemetry.log('warn', 'ray-look', {
            cluster,
            reason: errorMessage(error),
          });
      }
      pause = Math.min(PAUSE.failing, pause * 2);
    }
    pause = Math.max(pause, PAUSE.changing);
    const next = Math.min(PAUSE.failing, Math.max(pause, PAUSE.share * (clock() - begun)));
    state.detail('nextLookSeconds', Math.round(next / 1000));
    return next;
  }

  /** Questions of people; a dashboard that does not answer them is down for everybody. */
  async function requested<T>(question: Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await question;
    } catch (error) {
      if (!signal?.aborted && error instanceof Error && 'code' in error && error.code === 'ray-down')
        state.failed(error);
      throw error;
    }
  }
  const jobLog: RaySource['jobLog'] = (submissionId, signal) =>
    client.jsonText(`/api/jobs/${encodeURIComponent(submissionId)}/logs`, 'logs', signal);

  return {
    cluster,
    url: publicUrl(source.url),
    sessions: () => sessions,
    health: state.health,
    jobLog: (submissionId, signal) => requested(jobLog(submissionId, signal), signal),
    taskLog: ({ taskId, attempt, stream, lines }, signal) =>
      requested(
        client.text(
          `/api/v0/logs/file?task_id=${encodeURIComponent(taskId)}&attempt_number=${attempt}&suffix=${stream}&lines=${lines}`,
          signal,
        ),
        signal,
      ),
    actorLog: ({ actorId, stream, lines }, signal) =>
      requested(
        client.text(
          `/api/v0/logs/file?actor_id=${encodeURIComponent(actorId)}&suffix=${stream}&lines=${lines}`,
          signal,
        ),
        signal,
      ),
    api: (path, signal) => requested(client.json(path, signal), signal),
    look() {
      looking ??= lookOnce().finally(() => {
        looking = null;
      });
      return looking;
    },
    async close() {
      stop.abort();
      await looking;
    },
  };
}

/** Looks until the source is closed. */
export function startLooking(ray: PolledRaySource): PolledRaySource {
  const stop = new AbortController();
  const loop = (async () => {
    while (!stop.signal.aborted) {
      const pause = await ray.look();
      await sleep(pause, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
    }
  })();
  return {
    ...ray,
    async close() {
      stop.abort();
      await ray.close();
      await loop;
    },
  };
}
