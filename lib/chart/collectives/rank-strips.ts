/**
 * Ranks of one communicator as rows, prepared for drawing: time inside as a heat strip, then waiting and transfer as one bar.
 *
 *   rank 11  |███████▁▁▁▁▁▁▁▁|  [transfer]                  late: inside for the shortest time
 *   rank  4  |███████████████|  [transfer|------wait------]
 *    labels   one cell per bin   bars, one scale for all rows
 *
 * A missing bin is no cell (null), never the lowest level. Levels are of the logarithm, because waiting spans decades.
 */
import { CIVIDIS } from '../colour/cividis.ts';
export interface StripRank {
  readonly rank: string;
  readonly globalRank: string | null;
  readonly host: string | null;
  readonly gpu: string | null;
  readonly execTimeUs: readonly (number | null)[];
  readonly meanExecTimeUs: number | null;
  readonly meanWaitUs: number | null;
  readonly meanTransferUs: number | null;
  readonly lastShare: number | null;
  readonly isLate: boolean;
}

export interface StripRow {
  readonly rank: string;
  /** `11  sim-node-1 GPU3` */
  readonly label: string;
  readonly isLate: boolean;
  /** Level 0..LEVELS - 1 per bin; -1 where nothing was measured. */
  readonly levels: Int8Array;
  /** 0..1 of the longest bar; null where wait and transfer cannot be told apart (then `total` alone is drawn). */
  readonly transfer: number | null;
  readonly wait: number | null;
  readonly total: number | null;
  /** The row in words, for those who cannot see it. */
  readonly text: string;
}

export interface RankStripsModel {
  readonly rows: readonly StripRow[];
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
  readonly rowHeight: number;
  /** Whether rows are high enough for text. */
  readonly labelled: boolean;
  /** Shortest and longest mean time of a bin, us; null where there is none. */
  readonly range: { readonly minUs: number; readonly maxUs: number } | null;
  /** Time of the longest bar, us. */
  readonly longestUs: number;
}

export const LEVELS = 32;

/** Row height in CSS px: readable for some, still visible for a thousand. */
export const stripRowHeight = (ranks: number): number => (ranks <= 32 ? 20 : ranks <= 128 ? 14 : ranks <= 512 ? 6 : 4);

/** Microseconds as people read them: `34 µs`, `12.1 ms`, `1.02 s`; a dash for null. */
export function microsecondsText(us: number | null): string {
  if (us === null) return '–';
  if (us < 1000) return `${Number(us.toPrecision(3))} µs`;
  if (us < 1e6) return `${Number((us / 1e3).toPrecision(3))} ms`;
  return `${Number((us / 1e6).toPrecision(3))} s`;
}

/** `rank 3 (11 of the job) on sim-node-1 GPU3`, or `GPU3 on sim-node-1` where the source knows no rank. */
export function rankName(rank: Pick<StripRank, 'rank' | 'globalRank' | 'host' | 'gpu'>): string {
  if (!/^\d+$/.test(rank.rank)) return [rank.gpu, rank.host].filter(Boolean).join(' on ') || rank.rank;
  const location = [rank.host, rank.gpu].filter(Boolean).join(' ');
  const number = rank.globalRank === null ? rank.rank : `${rank.rank} (${rank.globalRank} of the job)`;
  return location === '' ? `rank ${number}` : `rank ${number} on ${location}`;
}

/** `ranks` in the order to draw. */
export function prepareRankStrips(
  ranks: readonly StripRank[],
  grid: { readonly startMs: number; readonly stepMs: number; readonly count: number },
): RankStripsModel {
  let minUs = Number.POSITIVE_INFINITY;
  let maxUs = 0;
  for (const rank of ranks)
    for (const value of rank.execTimeUs)
      if (value !== null && value > 0) {
        minUs = Math.min(minUs, value);
        maxUs = Math.max(maxUs, value);
      }
  const range = maxUs > 0 ? { minUs, maxUs } : null;
  const longestUs = Math.max(0, ...ranks.map((rank) => rank.meanExecTimeUs ?? 0));
  const share = (us: number | null): number | null => (us === null || longestUs <= 0 ? null : us / longestUs);
  const rowHeight = stripRowHeight(ranks.length);
  return {
    rows: ranks.map((rank) => ({
      rank: rank.rank,
      label: stripLabel(rank),
      isLate: rank.isLate,
      levels: Int8Array.from({ length: grid.count }, (_, i) => levelOf(rank.execTimeUs[i] ?? null, range)),
      transfer: share(rank.meanTransferUs),
      wait: share(rank.meanWaitUs),
      total: share(rank.meanExecTimeUs),
      text: stripText(rank),
    })),
    ...grid,
    rowHeight,
    labelled: rowHeight >= 12,
    range,
    longestUs,
  };
}

/** 0 for the shortest, LEVELS - 1 for the longest; -1 for a gap. All alike: the middle. */
export function levelOf(us: number | null, range: RankStripsModel['range']): number {
  if (us === null || range === null) return -1;
  if (range.maxUs <= range.minUs) return Math.floor(LEVELS / 2);
  const share = Math.log(Math.max(us, range.minUs) / range.minUs) / Math.log(range.maxUs / range.minUs);
  return Math.min(LEVELS - 1, Math.floor(share * LEVELS));
}

function stripLabel(rank: StripRank): string {
  const location = [rank.host, rank.gpu].filter(Boolean).join(' ');
  if (!/^\d+$/.test(rank.rank)) return location || rank.rank;
  const number = (rank.globalRank ?? rank.rank).padStart(3, ' ');
  return location === '' ? number : `${number}  ${location}`;
}

function stripText(rank: StripRank): string {
  const parts = [rankName(rank), `inside for ${microsecondsText(rank.meanExecTimeUs)}`];
  if (rank.meanWaitUs !== null) parts.push(`waits ${microsecondsText(rank.meanWaitUs)}`);
  if (rank.lastShare !== null) parts.push(`last in ${Math.round(rank.lastShare * 100)} %`);
  if (rank.isLate) parts.push('late beyond noise');
  return parts.join(', ');
}

/** `#rrggbb` of a level. */
export function levelColour(level: number): string {
  const at = (Math.min(LEVELS - 1, Math.max(0, level)) / (LEVELS - 1)) * (CIVIDIS.length - 1);
  const low = CIVIDIS[Math.floor(at)] ?? '#000000';
  const high = CIVIDIS[Math.min(CIVIDIS.length - 1, Math.floor(at) + 1)] ?? low;
  const part = (from: number): string => {
    const [a, b] = [Number.parseInt(low.slice(from, from + 2), 16), Number.parseInt(high.slice(from, from + 2), 16)];
    return Math.round(a + (b - a) * (at % 1))
      .toString(16)
      .padStart(2, '0');
  };
  return `#${part(1)}${part(3)}${part(5)}`;
}

/** Row under a height in px from the top of the first row; -1 outside. */
export function stripAt(model: RankStripsModel, y: number): number {
  const row = Math.floor(y / model.rowHeight);
  return row >= 0 && row < model.rows.length ? row : -1;
}
