/**
 * On how much of a communicator a verdict about lateness rests. Operations that cannot be split (wait-transfer.ts) or lack a rank are
 * not judged, and what is left may be nothing of the communicator: six AllReduces of 4 bytes beside 482 AllGathers name whichever rank
 * computes the norm of its gradients last.
 */

/** The operations of one function of a communicator; times in ns, summed over ranks. */
export interface CoveredFunction {
  readonly op: string;
  /** All ranks leave it together. */
  readonly isSplittable: boolean;
  readonly operations: number;
  readonly complete: number;
  readonly timeNs: number;
  readonly completeNs: number;
}

export interface Coverage {
  readonly operations: number;
  readonly allOperations: number;
  /** Of the time in all operations, 0 to 1. */
  readonly timeShare: number;
}

/** Below this share of the time of all operations nothing is said of a rank. */
export const LEAST_TIME_SHARE = 0.2;

/** Null where no operation has a time. */
export function coverageOf(functions: readonly CoveredFunction[]): Coverage | null {
  const sum = (of: (one: CoveredFunction) => number): number => functions.reduce((total, one) => total + of(one), 0);
  const timeNs = sum((one) => one.timeNs);
  if (timeNs <= 0) return null;
  return {
    operations: sum((one) => (one.isSplittable ? one.complete : 0)),
    allOperations: sum((one) => one.operations),
    timeShare: sum((one) => (one.isSplittable ? one.completeNs : 0)) / timeNs,
  };
}

/** Why a verdict that rests on so little is not given, as a sentence; null where it rests on enough. */
export function coverageRefusal(functions: readonly CoveredFunction[], coverage: Coverage): string | null {
  if (coverage.timeShare >= LEAST_TIME_SHARE) return null;
  const others = functions
    .filter((one) => !one.isSplittable)
    .sort((a, b) => b.timeNs - a.timeNs)
    .slice(0, 3)
    .map(({ op }) => op);
  const lack = functions.some((one) => one.isSplittable && one.complete < one.operations)
    ? ['lacks the span of a rank']
    : [];
  const rest = [...(others.length > 0 ? [`is ${others.join(', ')}`] : []), ...lack].join(' or ');
  const count = (n: number): string => n.toLocaleString('en-US');
  return `Only ${count(coverage.operations)} of ${count(coverage.allOperations)} operations can be judged, ${percent(coverage.timeShare)} of their time${rest === '' ? '' : `; the rest ${rest}`}.`;
}

/** `97 %`, `0.3 %`. */
export const percent = (share: number): string =>
  `${share > 0 && share < 0.01 ? Number((share * 100).toPrecision(1)) : Math.round(share * 100)} %`;
