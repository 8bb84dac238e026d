/** Opens the store, brings it to what the configuration asks for, and sets the guard over it. Order matters only where said. */
import { join } from 'node:path';
import { applyDurability } from '../../store/durability.ts';
import type { Engine } from '../../store/engine.ts';
import { migrate } from '../../store/migrate.ts';
import { openEngine } from '../../store/open-engine.ts';
import { watchPresence } from '../../store/presence.ts';
import type { PostTarget } from '../../store/remote/http-post.ts';
import { removeTtl } from '../../store/retention.ts';
import { MIGRATIONS } from '../../store/schema/migrations.ts';
import { openStoreState } from '../../store/store-state.ts';
import { readDefinitions } from '../../store/table-definitions.ts';
import { warmMarks } from '../../store/warm-marks.ts';
import type { Config } from '../runtime/config.ts';
import type { StoreGuard } from '../runtime/store-guard.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createStoreGuard } from './store-guard.ts';
import { createStoreHealth, type StoreHealth } from './store-health.ts';

export interface OpenedStore {
  /** What a probe or the guard asks is no question of a user: this engine is not measured. */
  readonly engine: Engine;
  readonly health: StoreHealth;
  readonly guard: StoreGuard;
  /** Writes down what is known of the store, then closes the engine. */
  readonly close: () => Promise<void>;
}

type StoreConfig = Pick<Config, 'dataDirectory' | 'retentionDays' | 'durability' | 'startWaitSeconds'>;

/** Rejects with StoreError, one sentence, where the store cannot be opened. `onLocked`: the directory is this process's now. */
export async function openStore(
  config: StoreConfig,
  remote: PostTarget | null,
  telemetry: Telemetry,
  onLocked: () => void = () => {},
): Promise<OpenedStore> {
  const { dataDirectory } = config;
  const opened = await openEngine(dataDirectory, remote, {
    waitMs: config.startWaitSeconds * 1000,
    say: (sentence) => process.stderr.write(`X-Ray: ${sentence}\n`),
    onLocked,
  });
  const presence = remote ? null : watchPresence(opened, dataDirectory);
  const engine = presence?.engine ?? opened;
  const state = openStoreState(dataDirectory);
  const health = createStoreHealth({ url: remote?.url ?? null, directory: dataDirectory }, telemetry);
  const guard = createStoreGuard({
    engine,
    state,
    presence,
    health,
    telemetry,
    retentionDays: config.retentionDays,
    durability: config.durability,
  });
  // First of all: a store of an earlier X-Ray has the engine's TTL, which follows the system's clock from here on.
  await engine.command('SYSTEM STOP TTL MERGES').catch(() => undefined);
  await guard.compare();
  // Migrations drop tables: no copy of an old definition may bring one back.
  state.set({ definitions: {} });
  await state.written();
  await migrate(engine, MIGRATIONS);
  await removeTtl(engine);
  await applyDurability(engine, config.durability);
  await warmMarks(engine);
  if (!remote) state.set({ definitions: readDefinitions(join(dataDirectory, 'clickhouse')) });
  await presence?.remember();
  return {
    engine,
    health,
    guard,
    async close() {
      health.close();
      await guard.close();
      await engine.close();
    },
  };
}
