/**
 * What is lost of the store: written down in `store-state.json` when it is found, until the operator settles it
 * (`xray doctor --store`), and a condition of the store's health while any of it is open.
 */

import type { FoundLoss } from '../../store/integrity.ts';
import type { Loss, StoreStateFile } from '../../store/store-state.ts';
import type { SettleLoss } from '../runtime/store-guard.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { lossText } from './loss-text.ts';
import type { StoreHealth } from './store-health.ts';

/** Losses that are written down one by one; settled ones go first. */
const MOST_LOSSES = 10_000;

export interface LossList {
  readonly all: () => readonly Loss[];
  /** New losses are written down; known ones stay as they were settled. */
  readonly found: (losses: readonly FoundLoss[]) => void;
  readonly settle: SettleLoss;
  readonly acceptAll: () => void;
  /** A damaged part that retention has removed meanwhile is no open loss any more. `there`: `<table>/<part>`. */
  readonly settleExpired: (there: ReadonlySet<string>) => void;
  /** Tells the health. */
  readonly say: () => void;
}

interface LossListOptions {
  readonly state: StoreStateFile;
  readonly health: StoreHealth;
  readonly telemetry: Pick<Telemetry, 'log'>;
  readonly now: () => number;
}

export function createLossList({ state, health, telemetry, now }: LossListOptions): LossList {
  const all = (): readonly Loss[] => state.state().losses;

  function say(): void {
    const losses = all();
    const sentence = lossText(losses.filter((loss) => loss.state === 'open'));
    health.set('loss', sentence === null ? null : { state: 'degraded', ...sentence });
    const lost = losses.filter((loss) => loss.state === 'open' || loss.state === 'accepted');
    if (lost.length > 0)
      health.detail(
        'lostRows',
        lost.reduce((sum, loss) => sum + (loss.rows ?? 0), 0),
      );
  }

  const settle: LossList['settle'] = (id, to, rows, reason, cause) => {
    state.set({
      losses: all().map((loss) =>
        loss.id === id ? { ...loss, cause: cause ?? loss.cause, state: to, rows, reason, settled: now() } : loss,
      ),
    });
    say();
  };

  return {
    all,
    say,
    settle,
    found(losses) {
      const known = new Map(all().map((loss) => [loss.id, loss]));
      let changed = false;
      for (const loss of losses) {
        if (known.has(loss.id)) continue;
        known.set(loss.id, { ...loss, found: now(), state: 'open', settled: null });
        const { table, part, rows, reason } = loss;
        telemetry.log('error', 'store-loss', { table, part, rows, reason });
        changed = true;
      }
      if (!changed) return;
      // Too many: settled ones go first, oldest first.
      const list = [...known.values()].sort(
        (a, b) => Number(b.state === 'open') - Number(a.state === 'open') || b.found - a.found,
      );
      state.set({ losses: list.slice(0, MOST_LOSSES).sort((a, b) => a.found - b.found) });
      say();
    },
    acceptAll() {
      for (const loss of all()) if (loss.state === 'open') settle(loss.id, 'accepted', loss.rows, loss.reason);
    },
    settleExpired(there) {
      for (const loss of all())
        if (loss.state === 'open' && loss.cause === 'damaged' && !there.has(loss.id))
          settle(loss.id, 'expired', loss.rows, loss.reason);
    },
  };
}
