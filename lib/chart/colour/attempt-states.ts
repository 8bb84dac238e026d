/**
 * The states of one attempt with the time spent in each: until the next state, or until now in the last one while the
 * attempt goes on.
 *
 *   PENDING_NODE_ASSIGNMENT |---| 3 ms
 *   RUNNING                     |-------------| 1.42 s
 *   FINISHED                                  |
 */
export interface AttemptStateRow {
  readonly state: string;
  readonly timeNs: string;
  /** Time in this state, ns; null for a final state. */
  readonly spentNs: number | null;
  /** Offset from the first state and share of the whole, 0..1. */
  readonly at: number;
  readonly share: number;
}

const FINAL = new Set(['FINISHED', 'FAILED']);

/** `states` by time. */
export function attemptStateRows(
  states: readonly { readonly state: string; readonly timeNs: string }[],
  nowNs: bigint,
): readonly AttemptStateRow[] {
  const first = BigInt(states[0]?.timeNs ?? '0');
  const newest = states.at(-1);
  const isOpen = newest !== undefined && !FINAL.has(newest.state);
  const end = isOpen && nowNs > BigInt(newest.timeNs) ? nowNs : BigInt(newest?.timeNs ?? '0');
  const whole = Math.max(1, Number(end - first));
  return states.map(({ state, timeNs }, i) => {
    const until = BigInt(states[i + 1]?.timeNs ?? end);
    const spent = FINAL.has(state) ? null : Number(until - BigInt(timeNs));
    return {
      state,
      timeNs,
      spentNs: spent,
      at: Number(BigInt(timeNs) - first) / whole,
      share: (spent ?? 0) / whole,
    };
  });
}
