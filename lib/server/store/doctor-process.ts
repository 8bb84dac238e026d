/**
 * `xray doctor --store` where X-Ray does not run: opens the store by itself, does what is asked, prints the report as JSON. Run
 * as `node doctor-process.ts <action>` with X-Ray's environment; `report` only looks. A sentence on stderr and exit code 1
 * where the store cannot be opened.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { errorMessage } from '../../model/error-message.ts';
import { lockDirectory, secureDirectory } from '../../store/data-directory.ts';
import { openStoreState } from '../../store/store-state.ts';
import { restoreDefinitions } from '../../store/table-definitions.ts';
import { keepToOwner } from '../process/life-cycle.ts';
import { loadConfig } from '../runtime/config.ts';
import { createTelemetry } from '../telemetry/telemetry.ts';
import { openStore } from './open-store.ts';
import { settleStore, storeReport } from './store-report.ts';

const Action = z.enum(['report', 'check', 'repair', 'accept', 'confirm-clock']);

async function run(): Promise<void> {
  const action = Action.parse(process.argv[2]);
  const config = { ...loadConfig(process.env), startWaitSeconds: 0 };
  if (config.clickhouse)
    throw new Error('the store is a ClickHouse server: only a running X-Ray looks at it; start X-Ray and ask again');
  keepToOwner();
  if (action === 'repair') await putDefinitionsBack(config.dataDirectory);
  const store = await openStore(config, null, { ...createTelemetry(), log: () => undefined });
  try {
    const watched = { store: store.guard, config };
    // With nobody else at work, everything is read each time.
    if (action === 'report') await store.guard.check();
    const report = action === 'report' ? storeReport(watched) : await settleStore(watched, action);
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } finally {
    await store.close();
  }
}

async function putDefinitionsBack(dataDirectory: string): Promise<void> {
  secureDirectory(dataDirectory);
  const unlock = await lockDirectory(dataDirectory, 0, () => {});
  const { definitions } = openStoreState(dataDirectory).state();
  for (const path of restoreDefinitions(join(dataDirectory, 'clickhouse'), definitions))
    process.stderr.write(`put back the table definition ${path}\n`);
  unlock();
}

run().catch((error: unknown) => {
  process.stderr.write(`${errorMessage(error)}\n`);
  process.exitCode = 1;
});
