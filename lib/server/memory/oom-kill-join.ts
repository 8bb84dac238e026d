/**
 * A kill and the attempt that ran in the killed process, with what became of its task. Nothing here asks a source.
 *
 * The monitor's report does not name the attempt: it is the last one that had started on that worker.
 *
 *   worker w   |--a, attempt 0--|   |--b, attempt 1--x killed         b, attempt 1
 *   elsewhere                                          |--b, 2--|     recovered
 */
import type { OomKillWire } from '../../contract/memory.ts';
import type { KilledAttemptRow, OomKillRow } from '../../store/queries/oom-kills.ts';

export interface JoinedKill {
  readonly row: OomKillRow;
  readonly kind: OomKillWire['kind'];
  readonly ran: KilledAttemptRow | null;
  /** Attempts of its task. */
  readonly attempts: number | null;
  readonly outcome: OomKillWire['outcome'];
}

const KINDS = ['task', 'actor', 'idle_worker', 'driver'] as const;

/** Attempts of one worker that started, by start. */
interface StartedOnWorker {
  readonly starts: readonly bigint[];
  readonly attempts: readonly KilledAttemptRow[];
}

function startedOnWorker(attempts: readonly KilledAttemptRow[]): StartedOnWorker {
  const started = attempts
    .map((attempt) => ({ attempt, start: BigInt(attempt.start_ns) }))
    .filter(({ start }) => start !== 0n)
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  return { starts: started.map(({ start }) => start), attempts: started.map(({ attempt }) => attempt) };
}

/** The last that started by `time`, Unix ns; of several at once the first. */
function lastStarted({ starts, attempts }: StartedOnWorker, time: bigint): KilledAttemptRow | null {
  const firstAfter = (limit: bigint): number => {
    let [low, high] = [0, starts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0n) < limit) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const last = firstAfter(time + 1n) - 1;
  return last < 0 ? null : (attempts[firstAfter(starts[last] ?? 0n)] ?? null);
}

/** Kills in their order. One that only names an attempt is left out where that attempt's worker has a kill of its own. */
export function joinKills(kills: readonly OomKillRow[], attempts: readonly KilledAttemptRow[]): JoinedKill[] {
  const onWorker = new Map(
    [...Map.groupBy(attempts, (one) => `${one.session} ${one.worker_id}`)].map(([worker, there]) => [
      worker,
      startedOnWorker(there),
    ]),
  );
  const ofTask = Map.groupBy(attempts, (one) => `${one.session} ${one.task_id}`);
  const named = new Map(attempts.map((one) => [`${one.session} ${one.task_id} ${one.attempt}`, one]));
  const joined = kills.map((row): JoinedKill => {
    const there = row.worker_id === null ? undefined : onWorker.get(`${row.session} ${row.worker_id}`);
    const last = there === undefined ? null : lastStarted(there, BigInt(row.time_ns));
    const ran = row.kind === 'idle_worker' ? null : (named.get(`${row.session} ${row.task_id} ${row.attempt}`) ?? last);
    const kind =
      KINDS.find((one) => one === row.kind) ??
      (row.worker_type === 'DRIVER' ? 'driver' : ran === null ? 'idle_worker' : ran.actor_id ? 'actor' : 'task');
    const chain = ran === null ? [] : (ofTask.get(`${ran.session} ${ran.task_id}`) ?? []);
    return { row, kind, ran, attempts: chain.length || null, outcome: outcomeOf(kind, chain.at(-1)?.state, row) };
  });
  const withWorker = new Set(
    joined.flatMap(({ row, ran }) =>
      row.worker_id !== null && ran ? [`${ran.session} ${ran.task_id} ${ran.attempt}`] : [],
    ),
  );
  return joined.filter(
    ({ row }) => row.worker_id !== null || !withWorker.has(`${row.session} ${row.task_id} ${row.attempt}`),
  );
}

function outcomeOf(kind: OomKillWire['kind'], lastState: string | undefined, row: OomKillRow): OomKillWire['outcome'] {
  if (kind === 'idle_worker') return 'nothing';
  if (lastState === 'FINISHED') return 'recovered';
  if (lastState === 'FAILED') return 'lost';
  if (lastState !== undefined) return 'retrying';
  if (row.actor_state === 'ALIVE') return 'recovered';
  return row.actor_state === 'DEAD' ? 'lost' : row.actor_state ? 'retrying' : 'unknown';
}
