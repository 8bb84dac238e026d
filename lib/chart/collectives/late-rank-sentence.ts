/** The verdict on a communicator as one sentence, and what it rests on. */
import { clockText } from '../format/clock-text.ts';
import { rankName } from './rank-strips.ts';

interface Late {
  readonly latenessNs: string;
  readonly share: number;
  readonly of: 'operations' | 'intervals';
  readonly sinceNs: string | null;
}
interface Verdict {
  readonly verdict: 'late-rank' | 'late-host' | 'no-late-rank' | 'cannot-tell';
  readonly reason: string | null;
  readonly lateRank:
    | (Late & {
        readonly rank: string;
        readonly globalRank: string | null;
        readonly host: string | null;
        readonly gpu: string | null;
      })
    | null;
  readonly lateHost: (Late & { readonly host: string; readonly ranks: number }) | null;
  readonly slowTransfer: {
    readonly sinceNs: string;
    readonly collective: string;
    readonly usual: number;
    readonly now: number;
    readonly ratio: number;
    readonly share: number;
  } | null;
  readonly badPorts: readonly {
    readonly host: string;
    readonly device: string;
    readonly rateGBs: number | null;
    readonly fullRateGBs: number | null;
    readonly errorsPerSecond: number | null;
  }[];
  readonly standstill: {
    readonly sinceNs: string;
    readonly usualGapNs: string;
    readonly silent: readonly (Parameters<typeof rankName>[0] & { readonly lastSpanNs: string })[];
  } | null;
}

/** How long the others wait for whom a communicator waits for, ns; -1 where it waits for nobody. */
export const latenessOf = ({ lateRank, lateHost }: Pick<Verdict, 'lateRank' | 'lateHost'>): number =>
  Number(lateRank?.latenessNs ?? lateHost?.latenessNs ?? -1);

/** Milliseconds and more read `819 ms`, `1.02 s`; less `34 µs`. */
function durationText(ns: string): string {
  const us = Number(ns) / 1e3;
  if (us < 1000) return `${Number(us.toPrecision(2))} µs`;
  return us < 1e6 ? `${Number((us / 1e3).toPrecision(3))} ms` : `${Number((us / 1e6).toPrecision(3))} s`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const gigabytes = (value: number): string => `${Number(value.toPrecision(3))}`;

/** A transfer that gives less than it did. True beside a late rank, too: that one waits least. */
function slowTransferSentence(slow: NonNullable<Verdict['slowTransfer']>, nowMs: number): string {
  return `${slow.collective} moves ${gigabytes(slow.now)} of its usual ${gigabytes(slow.usual)} GB/s (${Math.round(slow.ratio * 100)} %) ${slow.share < 0.95 ? `in ${Math.round(slow.share * 100)} % of the time ` : ''}since ${clockText(slow.sinceNs, nowMs)} UTC, even for the rank that waits least: the transfer itself got slower.`;
}

const MOST_PORTS = 2;

/** "Port mlx5_6 of sim-node-6 runs at 25 of 50 GB/s." '' where none is bad. */
function badPortText(ports: Verdict['badPorts']): string {
  const sentences = ports.slice(0, MOST_PORTS).map(({ host, device, rateGBs, fullRateGBs, errorsPerSecond }) => {
    const rate =
      rateGBs === null || fullRateGBs === null
        ? []
        : [`runs at ${gigabytes(rateGBs)} of ${gigabytes(fullRateGBs)} GB/s`];
    const errors = errorsPerSecond === null ? [] : [`receives ${Math.round(errorsPerSecond)} damaged packets a second`];
    return `Port ${device} of ${host} ${[...rate, ...errors].join(' and ')}.`;
  });
  const more = ports.length > MOST_PORTS ? ` ${ports.length - MOST_PORTS} more of its hosts' ports are bad.` : '';
  return sentences.length === 0 ? '' : ` ${sentences.join(' ')}${more}`;
}

/** "in 93 % of AllReduce operations since 13:48 UTC; the others wait 4.1 ms". */
function latenessText(late: Late, collective: string, nowMs: number): string {
  const what = late.of === 'operations' ? `${collective} operations` : `dump intervals of ${collective}`;
  const since = late.sinceNs === null ? '' : ` since ${clockText(late.sinceNs, nowMs)} UTC`;
  return `in ${Math.round(late.share * 100)} % of ${what}${since}; the others wait ${durationText(late.latenessNs)}`;
}

function latenessSentence(verdict: Verdict, collective: string, nowMs: number): string {
  const { lateRank, lateHost, slowTransfer } = verdict;
  if (verdict.verdict === 'no-late-rank') return 'No rank is late beyond noise.';
  // With a slow transfer it is both.
  const notNetwork = (label: string) => (slowTransfer ? '.' : label);
  if (lateHost)
    return `All ${lateHost.ranks} ranks on ${lateHost.host} arrive late together, last ${latenessText(lateHost, collective, nowMs)} for them${notNetwork(': it is the host (its data, CPUs or storage), not one GPU and not the network.')}`;
  if (!lateRank) return `Whether a rank is late cannot be told. ${verdict.reason ?? ''}`.trim();
  return `${capital(rankName(lateRank))} arrives last ${latenessText(lateRank, collective, nowMs)} for it${notNetwork(': it is the rank, not the network.')}`;
}

/** "Judged on 482 of 488 operations, which account for 97 % of the total time."; '' where that is not known. */
export function coverageText(
  coverage: {
    readonly operations: number;
    readonly allOperations: number;
    readonly timeShare: number;
  } | null,
): string {
  if (coverage === null) return '';
  const { operations, allOperations, timeShare } = coverage;
  const count = (n: number): string => n.toLocaleString('en-US');
  return `Judged on ${count(operations)} of ${count(allOperations)} operations, which account for ${timeShare > 0 && timeShare < 0.01 ? 'under 1' : Math.round(timeShare * 100)} % of the total time.`;
}

/** Nothing ends any more, and who never joined. */
function hangSentence({ sinceNs, usualGapNs, silent }: NonNullable<Verdict['standstill']>, nowMs: number): string {
  const since = `No operation has ended since ${clockText(sinceNs, nowMs)} UTC, though its ranks still run; usually one ends every ${durationText(usualGapNs)}.`;
  if (silent.length === 0) return `${since} No rank fell silent before the others.`;
  const names = silent.slice(0, 3).map(rankName).join(', ');
  const more = silent.length > 3 ? ` and ${silent.length - 3} more` : '';
  return `${since} ${capital(names)}${more} sent the last span before all others did: they came as far as the operation that waits for it.`;
}

/** Whether all stands still, who is late, and whether the transfer is slow. `collective` names the operations, e.g. AllReduce. */
export function lateRankSentence(verdict: Verdict, collective: string, nowMs: number): string {
  if (verdict.standstill) return hangSentence(verdict.standstill, nowMs);
  const late = latenessSentence(verdict, collective, nowMs);
  return verdict.slowTransfer
    ? `${late} ${slowTransferSentence(verdict.slowTransfer, nowMs)}${badPortText(verdict.badPorts)}`
    : late;
}
