/**
 * Communicators that stand still although their ranks run, and who never joined (lib/analysis/standstill.ts). A job that ended, or
 * whose data stopped coming, stands still as well: so an attempt must run on a rank's worker, and its session must have been
 * heard of since.
 */
import { type OperationGaps, silentRanks, standsStill } from '../analysis/standstill.ts';
import type { StandstillWire } from '../contract/collectives.ts';
import { type GapsRow, lastSpans, sessionSigns, workersThatRun } from '../store/queries/collective-standstill.ts';
import type { PlaceWire } from './collective-lateness.ts';
import type { Runtime } from './runtime.ts';

/** A rank as its communicator knows it; '' where unknown. */
export interface StillRank {
  readonly place: PlaceWire;
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
): Promise<ReadonlyMap<string, StandstillWire>> {
  const found = new Map<string, StandstillWire>();
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
  for (const one of still) {
    const ranks = ranksOf(one.comm);
    const heard = ranks.map(({ workerId }) => signs.get(sessionOf.get(workerId) ?? '') ?? 0n);
    if (!heard.some((at) => standsStill(one, at))) continue;
    found.set(one.comm, {
      sinceNs: one.lastNs.toString(),
      usualGapNs: String(Math.round(one.medianGapNs)),
      silent: await silentOf(runtime, one, ranks, nowNs, signal),
    });
  }
  return found;
}

async function silentOf(
  runtime: Runtime,
  one: OperationGaps,
  ranks: readonly StillRank[],
  nowNs: bigint,
  signal: AbortSignal,
): Promise<StandstillWire['silent']> {
  const back = GAPS_BACK * BigInt(Math.round(one.longestGapNs));
  const rows = await runtime.engine.select(
    lastSpans,
    {
      from: one.lastNs - (back > LEAST_BACK_NS ? back : LEAST_BACK_NS),
      to: nowNs,
      gpus: ranks.map(({ gpuUuid }) => gpuUuid).filter(Boolean),
      workers: ranks.map(({ workerId }) => workerId).filter(Boolean),
    },
    { signal },
  );
  const lastOf = ({ gpuUuid, workerId }: StillRank): bigint | null =>
    rows.reduce<bigint | null>((last, row) => {
      const isOwn = gpuUuid !== '' ? row.gpu_uuid === gpuUuid : workerId !== '' && row.worker_id === workerId;
      const at = BigInt(row.last_ns);
      return isOwn && (last === null || at > last) ? at : last;
    }, null);
  const last = ranks.map(lastOf);
  return silentRanks(last).flatMap((index) => {
    const rank = ranks[index];
    return rank ? [{ ...rank.place, lastSpanNs: String(last[index]) }] : [];
  });
}
