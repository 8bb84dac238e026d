/** Use cases of GET and POST /api/store, and of `xray doctor --store` where X-Ray does not run. */
import type { StoreActionWire, StoreLossWire, StoreReportWire } from '../../contract/store.ts';
import { repairPart } from '../../store/repair.ts';
import type { Loss } from '../../store/store-state.ts';
import type { Config } from '../runtime/config.ts';
import type { StoreGuard } from '../runtime/store-guard.ts';
import { clockText } from './loss-text.ts';

interface Watched {
  readonly store: StoreGuard;
  readonly config: Pick<Config, 'durability' | 'dataDirectory'>;
}

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (seconds: number | null): string | null => (seconds === null ? null : iso(seconds * 1000));

function lossWire({ settled: _settled, found, from, to, ...loss }: Loss): StoreLossWire {
  return { ...loss, from: isoOrNull(from), to: isoOrNull(to), found: iso(found) };
}

export function storeReport({ store, config }: Watched): StoreReportWire {
  const clock = store.clock();
  const now = Date.now();
  const losses = store.losses();
  const state = clock.ahead !== null ? 'ahead' : clock.behind !== null ? 'behind' : 'ok';
  return {
    ok: state === 'ok' && losses.every((loss) => loss.state !== 'open'),
    losses: losses.map(lossWire),
    clock: {
      retentionTime: iso(clock.time),
      now: iso(now),
      state,
      reason: clockText(clock, now)?.reason ?? null,
    },
    durability: config.durability,
  };
}

/** Does what the operator asked for, and reports. Rejects with StoreError where the engine cannot. */
export async function settleStore(watched: Watched, action: StoreActionWire['action']): Promise<StoreReportWire> {
  const { store, config } = watched;
  if (action === 'check' || action === 'repair') await store.check();
  if (action === 'repair') {
    for (const loss of store.losses()) {
      if (loss.state !== 'open') continue;
      const { rows, reason } = await repairPart(store.engine, config.dataDirectory, loss);
      const missing = loss.rows === null ? null : Math.max(0, loss.rows - rows);
      const message = reason ?? `${rows} of ${loss.rows ?? 'an unknown number of'} rows were read back`;
      // The damaged files are no part of the store any more.
      const cause = loss.cause === 'damaged' ? 'set-aside' : loss.cause;
      store.settle(loss.id, missing === 0 ? 'repaired' : 'open', missing, message, cause);
    }
  }
  if (action === 'accept') store.acceptAll();
  if (action === 'confirm-clock') store.confirmClock();
  return storeReport(watched);
}
