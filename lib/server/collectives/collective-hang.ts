/**
 * Communicators that stand still although their ranks run, and who never joined (lib/analysis/hang.ts). A job that ended, or
 * whose data stopped coming, stands still as well: so an attempt must run on a rank's worker, and its session must have been
 * heard of since.
 */
import { type OperationGaps, silentRanks, standsStill } from '../../analysis/hang.ts';
import type { HangWire } from '../../contract/collectives.ts';
import { type GapsRow, lastSpans, sessionSigns, workersThatRun } from '../../store/queries/collective-hang.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { LocationWire } from './collective-lateness.ts';

/** A rank as its communicator knows it; '' where unknown. */
export interface StillRank {
  readonly place: LocationWire;
  readonly gpuUuid: string;
  readonly workerId: string;
}

/** How far before the last operation the last span of a silent rank is looked for, in longest gaps. */
const GAPS_BACK = 3n;
const LEAST_BACK_NS = 60_000_000_000n;

/** By communicator; those that go on are not in it. `gaps`: rows of `collectiveGaps`. Rejects with StoreError. */
export async function standstills(
  runtime: Runtime,
  gaps: readonly GapsRow[],
  toNs: bigint,
  ranksOf: (comm: string) => readonly StillRank[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, HangWire>> {
  const found = new Map<string, HangWire>();
  const now = BigInt(Date.now()) * 1_000_000n;
  const nowNs = toNs < now ? toNs : now;
  const still = gaps
    .map((row): OperationGaps & { comm: string } => ({
      comm: row.comm,
      lastNs: BigInt(row.last_ns),
      medianGapNs: row.median_ns,
      longestGapNs: row.longest_ns,
      operations: row.operations,
    }))
    .filter((one) => standsStill(one, nowNs));
  if (still.length === 0) return found;
  const workers = [...new Set(still.flatMap(({ comm }) => ranksOf(comm).map(({ workerId }) => workerId)))].filter(
    Boolean,
  );
  if (workers.length === 0) return found;
  const running = await runtime.engine.select(workersThatRun, { workers, at: nowNs }, { signal });
  const sessions = [...new Set(running.map(({ session }) => session))];
  if (sessions.length === 0) return found;
  const signs = new Map(
    (await runtime.engine.select(sessionSigns, { sessions, to: nowNs }, { signal })).map((row) => [
      row.session,
      BigInt(row.last_ns),
    ]),
  );
  const sessionOf = new Map(running.map(({ worker_id, session }) => [worker_id, session]));
  // Heard of since, but for the communicator itself.
  const hung = still.filter((one) =>
    ranksOf(one.comm).some(({ workerId }) => standsStill(one, signs.get(sessionOf.get(workerId) ?? '') ?? 0n)),
  );
  if (hung.length === 0) return found;
  const lastOf = await lastSpanOf(runtime, hung, ranksOf, nowNs, signal);
  for (const one of hung) {
    const ranks = ranksOf(one.comm);
    const last = ranks.map(lastOf);
    found.set(one.comm, {
      sinceNs: one.lastNs.toString(),
      usualGapNs: String(Math.round(one.medianGapNs)),
      silent: silentRanks(last).flatMap((index) => {
        const rank = ranks[index];
        return rank ? [{ ...rank.place, lastSpanNs: String(last[index]) }] : [];
      }),
    });
  }
  return found;
}

/** End of the last span of a rank, of all ranks at once; null where none is found. */
async function lastSpanOf(
  runtime: Runtime,
  still: readonly (OperationGaps & { readonly comm: string })[],
  ranksOf: (comm: string) => readonly StillRank[],
  nowNs: bigint,
  signal: AbortSignal,
): Promise<(rank: StillRank) => bigint | null> {
  const backOf = ({ longestGapNs }: OperationGaps): bigint => {
    const back = GAPS_BACK * BigInt(Math.round(longestGapNs));
    return back > LEAST_BACK_NS ? back : LEAST_BACK_NS;
  };
  const [from = nowNs] = still.map((one) => one.lastNs - backOf(one)).sort((a, b) => (a < b ? -1 : 1));
  const ranks = still.flatMap(({ comm }) => ranksOf(comm));
  const named = (of: 'gpuUuid' | 'workerId') => [...new Set(ranks.map((rank) => rank[of]))].filter(Boolean);
  const rows = await runtime.engine.select(
    lastSpans,
    { from, to: nowNs, gpus: named('gpuUuid'), workers: named('workerId') },
    { signal },
  );
  const newest = new Map<string, bigint>();
  for (const { gpu_uuid, worker_id, last_ns } of rows)
    for (const name of [gpu_uuid, worker_id]) {
      const at = BigInt(last_ns);
      if (name !== '' && at > (newest.get(name) ?? -1n)) newest.set(name, at);
    }
  return ({ gpuUuid, workerId }) => newest.get(gpuUuid || workerId) ?? null;
}
