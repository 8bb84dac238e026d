/**
 * A runtime over the real engine for tests of use cases: in a directory of its own that goes with it, or in the one
 * that XRAY_DATA_DIR names, which stays. Retention is long, because recordings keep their dates.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { absentAlertmanager, absentPrometheus } from '../../lib/server/absent-sources.ts';
import { loadConfig } from '../../lib/server/config.ts';
import { createIngest } from '../../lib/server/ingest/create-ingest.ts';
import type { Runtime } from '../../lib/server/runtime.ts';
import { createTelemetry } from '../../lib/server/telemetry.ts';
import { createHeldAnswers } from '../../lib/server/tiles/held-answers.ts';
import { createTimelineIndexer } from '../../lib/server/tiles/indexer.ts';
import { watchStoredAttempts } from '../../lib/server/tiles/stored-attempts.ts';
import { migrate } from '../../lib/store/migrate.ts';
import { openEngine } from '../../lib/store/open-engine.ts';
import { MIGRATIONS } from '../../lib/store/schema/migrations.ts';

export async function openTestRuntime(environment: Readonly<Record<string, string>> = {}): Promise<Runtime> {
  const given = environment.XRAY_DATA_DIR;
  const directory = given ?? mkdtempSync(join(tmpdir(), 'xray-test-'));
  const config = loadConfig({
    XRAY_DATA_DIR: directory,
    XRAY_DEMO: '0',
    XRAY_CONFIG: join(directory, 'none.yaml'),
    XRAY_RETENTION_TRACES_DAYS: '3650',
    ...environment,
  });
  const telemetry = createTelemetry();
  const engine = await openEngine(directory, null);
  await migrate(engine, MIGRATIONS, config.retentionDays);
  const stored = watchStoredAttempts(engine);
  const ingest = createIngest(stored.engine, config, telemetry);
  const timelines = createTimelineIndexer(stored, telemetry);
  return {
    config,
    version: 'test',
    startedAt: new Date(),
    engine,
    ingest,
    prometheus: absentPrometheus('no Prometheus in this test', 'nothing'),
    alertmanager: absentAlertmanager(),
    rays: () => [],
    annotate: (body) => body,
    telemetry,
    timelines,
    held: createHeldAnswers(),
    health: () => ingest.health(),
    async close() {
      await ingest.close();
      await timelines.close();
      await engine.close();
      if (given === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}
