/** What watches that what was stored stays (store/store-guard.ts). */
import type { Engine } from '../../store/engine.ts';
import type { ActivePart } from '../../store/store-parts.ts';
import type { ClockState, Loss } from '../../store/store-state.ts';

/** A loss is settled: it was repaired, accepted, or would have expired. */
export type SettleLoss = (
  id: string,
  state: Loss['state'],
  rows: number | null,
  reason: string,
  cause?: Loss['cause'],
) => void;

export interface StoreGuard {
  /** Before migrations: what was known and is gone. */
  readonly compare: () => Promise<void>;
  /** From now on everything is watched. */
  readonly start: () => void;
  /** One look at parts; called by the health's probe. */
  readonly look: (engine: Engine, parts: readonly ActivePart[]) => Promise<void>;
  /** Reads every part now. */
  readonly check: () => Promise<void>;
  /** One round of retention now, where the clock is plausible. */
  readonly retain: () => Promise<void>;
  readonly losses: () => readonly Loss[];
  readonly clock: () => ClockState;
  readonly settle: SettleLoss;
  readonly acceptAll: () => void;
  readonly confirmClock: () => void;
  readonly engine: Engine;
  readonly close: () => Promise<void>;
}
