/** What the spans of a communicator say of lateness, on how much that rests, and what they lack. */
import { coverageOf, coverageRefusal } from '../../analysis/verdict-coverage.ts';
import { splitRefusal } from '../../analysis/wait-transfer.ts';
import type { CommunicatorWire, LatenessVerdictWire } from '../../contract/collectives.ts';
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import type { CollectiveBlockRow } from '../../store/queries/collectives.ts';
import { cannotTell, judgeLateness, type LocationWire, nowhere } from './collective-lateness.ts';

/** Ranks of a communicator that are judged: of more, one verdict would hold everybody up. */
export const MOST_JUDGED = 16_384;

interface DescribedRow {
  readonly op: string;
  readonly nranks: number;
  readonly operations: number;
  readonly complete: number;
  readonly ambiguous: number;
  readonly timed: number;
  readonly time_ns: number;
  readonly complete_ns: number;
}

/** A verdict, and on how much it rests; none where that is too little. */
export function verdictOf(
  blocks: readonly CollectiveBlockRow[],
  rows: readonly DescribedRow[],
  locations: readonly LocationWire[],
): LatenessVerdictWire {
  const verdict = judged(blocks, rows, locations);
  if (blocks.length === 0) return verdict;
  const functions = rows.map((row) => ({
    op: row.op,
    isSplittable: splitRefusal(row.op) === null,
    operations: row.operations,
    complete: row.complete,
    timeNs: row.time_ns,
    completeNs: row.complete_ns,
  }));
  const coverage = coverageOf(functions);
  const refusal = coverage === null ? null : coverageRefusal(functions, coverage);
  return refusal === null ? { ...verdict, coverage } : { ...cannotTell(refusal), coverage };
}

function judged(
  blocks: readonly CollectiveBlockRow[],
  rows: readonly DescribedRow[],
  locations: readonly LocationWire[],
): LatenessVerdictWire {
  if (rows.every(({ nranks }) => nranks === 1)) return cannotTell('It has one rank, which waits for nobody.');
  if (rows.every(({ timed }) => timed === 0))
    return cannotTell(
      'Only when its operations were launched is known, not how long they took: the trace holds no kernels (record with ProfilerActivity.CUDA).',
    );
  const refusal = rows.every((row) => splitRefusal(row.op) !== null) ? splitRefusal(rows[0]?.op ?? '') : null;
  if (refusal) return cannotTell(refusal);
  const ranks = rows[0]?.nranks ?? 0;
  if (ranks > MOST_JUDGED)
    return cannotTell(`It has ${ranks.toLocaleString('en-US')} ranks; lateness is judged up to 16,384.`);
  if (blocks.length === 0)
    return cannotTell(
      locations.length < ranks
        ? `Only ${locations.length} of ${ranks} ranks sent spans: the one that is missing may be the late one.`
        : 'No operation has a span of every rank in this window.',
    );
  const numbers = blocks[0]?.ranks ?? [];
  const locationOf = new Map(locations.map((location) => [location.rank, location]));
  return judgeLateness(
    blocks.map((block) => {
      const means = new Map(block.ranks.map((rank, i) => [rank, block.mean_ns[i] ?? null]));
      const lates = new Map(block.late_ranks.map((rank, i) => [rank, block.late_counts[i] ?? 0]));
      return {
        fromNs: block.from_ns,
        operations: block.operations,
        durationsNs: numbers.map((rank) => means.get(rank) ?? null),
        last: numbers.map((rank) => lates.get(rank) ?? 0),
      };
    }),
    numbers.map((rank) => locationOf.get(String(rank)) ?? nowhere(String(rank))),
    'operations',
  );
}

/** Operations at both ends of the window are always cut; more than that is worth a word. */
export function incompleteNotice(
  communicator: CommunicatorWire,
  described: readonly DescribedRow[],
): SourceNoticeWire[] {
  // What a rank alone reports lacks the others in every operation: the verdict says so once.
  if (communicator.ranks === 1 || communicator.reporting < 2) return [];
  const rows = described.filter((row) => splitRefusal(row.op) === null && row.timed > 0);
  const total = rows.reduce((sum, row) => sum + row.operations, 0);
  const ambiguous = rows.reduce((sum, row) => sum + row.ambiguous, 0);
  const missing = total - ambiguous - rows.reduce((sum, row) => sum + row.complete, 0);
  const notices: SourceNoticeWire[] = [];
  if (missing > Math.max(8, total * 0.05))
    notices.push({
      source: 'spans',
      kind: 'partial',
      message: `${missing} of ${total} operations of ${communicator.name} lack the span of a rank; they are left out of wait, transfer and lateness.`,
      whatToDo: 'Check that every rank exports spans, and that the exporter drops none.',
    });
  if (ambiguous > 0)
    notices.push({
      source: 'spans',
      kind: 'partial',
      message: `${ambiguous} operations of ${communicator.name} were sent twice with different spans (a job that was started again?); they are left out.`,
      whatToDo: 'Set comm_id_hash on the spans: it differs between starts.',
    });
  return notices;
}
