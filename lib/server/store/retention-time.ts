/** The clock that retention deletes by while X-Ray runs: looked at again and again, written down, and said where it is not believed. */
import { advanceClock, confirmClock, startClock } from '../../store/retention-clock.ts';
import type { ClockState, StoreStateFile } from '../../store/store-state.ts';
import { clockText } from './loss-text.ts';
import type { StoreHealth } from './store-health.ts';

/** It is written down when it says something new, and this often. */
const WRITTEN_EVERY_MS = 3_600_000;

export interface RetentionTime {
  /** Its time now. */
  readonly tick: () => ClockState;
  /** The operator says that the system's clock is right. */
  readonly confirm: () => void;
  /** Tells the health. */
  readonly say: () => void;
  readonly write: () => void;
}

interface RetentionTimeOptions {
  readonly state: StoreStateFile;
  readonly health: StoreHealth;
  /** The longest retention, ms. */
  readonly keepMs: number;
  readonly now: () => number;
  /** Monotonic, ms. */
  readonly elapsed: () => number;
  /** When anything was last stored, Unix s; 0 where nothing is. */
  readonly newest: () => number;
}

export function createRetentionTime(options: RetentionTimeOptions): RetentionTime {
  const { state, health, keepMs, now, elapsed } = options;
  let lastElapsed = elapsed();
  let clock: ClockState | null = state.state().clock;

  function say(): void {
    const wrong = clock === null ? null : clockText(clock, now());
    health.set('clock', wrong === null ? null : { state: 'degraded', ...wrong });
  }

  function tick(): ClockState {
    const at = elapsed();
    const passed = Math.max(0, at - lastElapsed);
    lastElapsed = at;
    const newest = options.newest();
    const next =
      clock === null
        ? startClock(now(), newest === 0 ? null : newest * 1000)
        : advanceClock(clock, now(), passed, keepMs);
    const kept = state.state().clock;
    const isNews =
      kept === null ||
      (kept.ahead === null) !== (next.ahead === null) ||
      (kept.behind === null) !== (next.behind === null) ||
      Math.abs(next.time - kept.time) >= WRITTEN_EVERY_MS;
    clock = next;
    if (isNews) state.set({ clock: next });
    say();
    return next;
  }

  return {
    tick,
    say,
    confirm() {
      clock = confirmClock(tick(), now());
      state.set({ clock });
      say();
    },
    write() {
      if (clock !== null) state.set({ clock });
    },
  };
}
