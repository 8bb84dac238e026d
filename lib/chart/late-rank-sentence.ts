/** The verdict on a communicator as one sentence, and what it rests on. */
import { rankName } from './rank-strips.ts';

interface Verdict {
  readonly verdict: 'late-rank' | 'late-host' | 'no-late-rank' | 'cannot-tell';
  readonly reason: string | null;
  readonly lateRank: {
    readonly rank: string;
    readonly globalRank: string | null;
    readonly host: string | null;
    readonly gpu: string | null;
    readonly latenessNs: string;
    readonly share: number;
    readonly of: 'operations' | 'intervals';
    readonly sinceNs: string | null;
  } | null;
  readonly lateHost: {
    readonly host: string;
    readonly ranks: number;
    readonly latenessNs: string;
    readonly share: number;
    readonly of: 'operations' | 'intervals';
    readonly sinceNs: string | null;
  } | null;
}

/** Milliseconds and more read `819 ms`, `1.02 s`; less `34 µs`. */
function durationWords(ns: string): string {
  const us = Number(ns) / 1e3;
  if (us < 1000) return `${Number(us.toPrecision(2))} µs`;
  return us < 1e6 ? `${Number((us / 1e3).toPrecision(3))} ms` : `${Number((us / 1e6).toPrecision(3))} s`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
/** UTC, `14:02`; with the day where `sinceNs` is not of the day of `nowMs`. */
function clockWords(ns: string, nowMs: number): string {
  const iso = new Date(Number(BigInt(ns) / 1_000_000n)).toISOString();
  return iso.slice(0, 10) === new Date(nowMs).toISOString().slice(0, 10)
    ? iso.slice(11, 16)
    : iso.slice(5, 16).replace('T', ' ');
}

interface SlowTransfer {
  readonly sinceNs: string;
  readonly collective: string;
  readonly usual: number;
  readonly now: number;
  readonly ratio: number;
}
const gigabytes = (value: number): string => `${Number(value.toPrecision(3))}`;

/** A transfer that gives less than it did, as one sentence. */
export function slowTransferSentence(slow: SlowTransfer, nowMs: number): string {
  return `${slow.collective} moves ${gigabytes(slow.now)} of its usual ${gigabytes(slow.usual)} GB/s (${Math.round(slow.ratio * 100)} %) since ${clockWords(slow.sinceNs, nowMs)} UTC, even for the rank that waits least: it is the transfer, not a late rank.`;
}

/** `collective` names the operations, e.g. AllReduce. */
export function lateRankSentence(
  { verdict, reason, lateRank, lateHost }: Verdict,
  collective: string,
  nowMs: number,
): string {
  if (verdict === 'no-late-rank') return 'No rank is late beyond noise.';
  if (lateHost) {
    const what = lateHost.of === 'operations' ? `${collective} operations` : `dump intervals of ${collective}`;
    const since = lateHost.sinceNs === null ? '' : ` since ${clockWords(lateHost.sinceNs, nowMs)} UTC`;
    return `All ${lateHost.ranks} ranks on ${lateHost.host} arrive late together, last in ${Math.round(lateHost.share * 100)} % of ${what}${since}; the others wait ${durationWords(lateHost.latenessNs)} for them: it is the host (its data, CPUs or storage), not one GPU and not the network.`;
  }
  if (!lateRank) return `Whether a rank is late cannot be told. ${reason ?? ''}`.trim();
  const what = lateRank.of === 'operations' ? `${collective} operations` : `dump intervals of ${collective}`;
  const since = lateRank.sinceNs === null ? '' : ` since ${clockWords(lateRank.sinceNs, nowMs)} UTC`;
  const share = `${Math.round(lateRank.share * 100)} %`;
  return `${capital(rankName(lateRank))} arrives last in ${share} of ${what}${since}; the others wait ${durationWords(lateRank.latenessNs)} for it: it is the rank, not the network.`;
}
