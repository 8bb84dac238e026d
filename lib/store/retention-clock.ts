/**
 * The clock that retention deletes by. The system's clock can be wrong, and what is deleted is gone, so it is believed only as
 * far as it is plausible:
 *
 *   - it never goes back, and goes on with the time that really passes (the monotonic clock);
 *   - what the system's clock gains beside that (a machine that slept or was off) is taken from a credit of a week; each hour
 *     that X-Ray runs gives a day of it back, so that a machine that is off every night is never asked;
 *   - a jump beyond the credit, or back by more than an hour, is said and waits for the operator (`xray doctor --store`).
 *
 * Rows stored under a clock that was behind carry a time of storing long ago: they are kept until their retention has passed
 * since they really came (`behindPeriods`). Times are Unix ms.
 */
import type { ClockState } from './store-state.ts';

export const CREDIT_MS = 7 * 86_400_000;
/** Credit that comes back for each ms that X-Ray runs. */
const CREDIT_RATE = 24;
/** A clock is put back by this much without anything being wrong. */
const TOLERANCE_MS = 3_600_000;
/** Between two looks at the clock at most: rows stored since the last look may carry the wrong time already. */
const LOOK_MS = 60_000;
/** Periods that are remembered: the oldest ends first. */
const MOST_PERIODS = 32;

/**
 * At the first start over a store: `newest` is when anything was last stored in it, null where it is empty. Between
 * them the machine may have been off.
 */
export function startClock(wall: number, newest: number | null): ClockState {
  const begin: ClockState = { time: newest ?? wall, credit: CREDIT_MS, ahead: null, behind: null, behindPeriods: [] };
  return advanceClock(begin, wall, 0, CREDIT_MS);
}

/**
 * One look: `wall` by the system's clock, `elapsed` ms really passed since the last look (0 where X-Ray did not run). `keep`
 * is the longest retention in ms: so long a period of wrong times matters.
 */
export function advanceClock(state: ClockState, wall: number, elapsed: number, keep: number): ClockState {
  const paced = state.time + elapsed;
  const credit = Math.min(CREDIT_MS, state.credit + elapsed * CREDIT_RATE);
  const periods = state.behindPeriods.filter((period) => period.until > paced);
  const calm = { ahead: null, behind: null, behindPeriods: periods };
  if (wall < paced - TOLERANCE_MS) {
    const last = periods.at(-1);
    const isSame = state.behind !== null && last !== undefined && wall >= last.from && wall - last.to < 10 * LOOK_MS;
    const until = paced + keep;
    const now = isSame
      ? [...periods.slice(0, -1), { from: last.from, to: wall + LOOK_MS, until }]
      : [...periods, { from: wall - LOOK_MS - elapsed, to: wall + LOOK_MS, until }].slice(-MOST_PERIODS);
    return { time: paced, credit, ahead: null, behind: wall, behindPeriods: now };
  }
  const gained = Math.max(0, wall - paced);
  if (gained <= credit) return { time: paced + gained, credit: credit - gained, ...calm };
  return { time: paced, credit, ahead: wall, behind: null, behindPeriods: periods };
}

/** The operator says that the system's clock is right. */
export function confirmClock(state: ClockState, wall: number): ClockState {
  return { ...state, time: wall, credit: CREDIT_MS, ahead: null, behind: null };
}
