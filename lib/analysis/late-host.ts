/**
 * Whether all ranks of one host are late together: its data, its CPUs or its storage keep them, and no single rank stands out.
 * Hosts are judged as ranks are (late-rank.ts), by the mean of their ranks; and every rank of the host must be late by itself, so
 * that one late rank never accuses its host.
 */
import { type LatenessBlock, type LateRank, lateRanks, MOST_RELATIVE, median } from './late-rank.ts';

export interface LateHost extends Omit<LateRank, 'rank'> {
  readonly host: string;
  /** Indexes into `durations`. */
  readonly ranks: readonly number[];
}

/** `hosts`: by index of rank; null where a rank's host is not known, and then nothing is said. Hosts of one rank are ranks. */
export function lateHost(blocks: readonly LatenessBlock[], hosts: readonly (string | null)[]): LateHost | null {
  const names = [...new Set(hosts)];
  if (names.length < 2 || names.includes(null)) return null;
  const byHost = Map.groupBy(hosts.keys(), (rank) => hosts[rank]);
  const ranksOf = names.map((name) => byHost.get(name) ?? []);
  if (ranksOf.some((ranks) => ranks.length < 2)) return null;
  const meanOver = (ranks: readonly number[], durations: readonly (number | null)[]): number | null => {
    let sum = 0;
    for (const rank of ranks) {
      const one = durations[rank];
      if (one === null || one === undefined) return null;
      sum += one;
    }
    return sum / ranks.length;
  };
  const [found] = lateRanks(
    blocks.map(({ durations }) => ({ durations: ranksOf.map((ranks) => meanOver(ranks, durations)) })),
  );
  const ranks = found === undefined ? undefined : ranksOf[found.rank];
  const host = found === undefined ? undefined : names[found.rank];
  if (found === undefined || ranks === undefined || host === undefined || host === null) return null;
  const whole = blocks.filter(({ durations }) => durations.every((one) => one !== null));
  const means = hosts.map(
    (_, rank) => whole.reduce((sum, { durations }) => sum + (durations[rank] ?? 0), 0) / whole.length,
  );
  const late = new Set(ranks);
  const others = median(means.filter((_, rank) => !late.has(rank)));
  if (ranks.some((rank) => (means[rank] ?? others) >= MOST_RELATIVE * others)) return null;
  const { rank: _, ...verdict } = found;
  return { ...verdict, host, ranks };
}

/**
 * Who is late: a rank, or a host. A rank whose host is late as a whole is accused only where it is late among the ranks of its host,
 * too: of ranks that are late together, one leads the others by chance, and everybody else by a lot.
 */
export function lateRankOrHost(
  blocks: readonly LatenessBlock[],
  hosts: readonly (string | null)[],
): { readonly rank: LateRank | null; readonly host: LateHost | null } {
  const [rank] = lateRanks(blocks);
  const host = lateHost(blocks, hosts);
  if (rank === undefined) return { rank: null, host };
  if (host === null || !host.ranks.includes(rank.rank)) return { rank, host: null };
  const within = lateRanks(
    blocks.map(({ durations }) => ({ durations: host.ranks.map((one) => durations[one] ?? null) })),
  );
  return within.some((one) => host.ranks[one.rank] === rank.rank) ? { rank, host: null } : { rank: null, host };
}
