/** A function that takes longer on one node than on the others, as one sentence. */
import { clockText } from './clock-text.ts';
import { formatDuration } from './number-format.ts';

/** "takes 2.2 times as long on sim-node-3 as on the other nodes since 22:14 UTC: median 13.1 s of 24 attempts there, 5.9 s of 71 elsewhere." */
export function slowNodeText(
  slow: {
    readonly nodeName: string;
    readonly attempts: number;
    readonly othersAttempts: number;
    readonly p50Ns: string;
    readonly othersP50Ns: string;
    readonly sinceNs: string;
  },
  nowMs: number,
): string {
  const [own, others] = [Number(slow.p50Ns), Number(slow.othersP50Ns)];
  // Where the others take no time that can be measured, there is no ratio.
  const longer =
    others > 0
      ? `${Number((own / others).toPrecision(2))} times as long on ${slow.nodeName} as`
      : `more time on ${slow.nodeName} than`;
  return `takes ${longer} on the other nodes since ${clockText(slow.sinceNs, nowMs)} UTC: median ${formatDuration(slow.p50Ns)} of ${slow.attempts} attempts there, ${formatDuration(slow.othersP50Ns)} of ${slow.othersAttempts} elsewhere.`;
}
