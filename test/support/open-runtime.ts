/**
 * A runtime over the real engine for tests of use cases: in a directory of its own that goes with it, or in the one
 * that XRAY_DATA_DIR names, which stays. Retention is long, because recordings keep their dates.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAlertmanagerSource } from '../../lib/server/alerts/alertmanager-source-configured.ts';
import { createIngest } from '../../lib/server/ingest/create-ingest.ts';
import { loadConfig } from '../../lib/server/runtime/config.ts';
import { createHeldAnswers } from '../../lib/server/runtime/held-answers.ts';
import type { Runtime } from '../../lib/server/runtime/runtime.ts';
import { absentPrometheus } from '../../lib/server/sources/absent-sources.ts';
import { openStore } from '../../lib/server/store/open-store.ts';
import { createTelemetry } from '../../lib/server/telemetry/telemetry.ts';

import { createTimelineIndexer } from '../../lib/server/tiles/indexer.ts';
import { watchStoredAttempts } from '../../lib/server/tiles/stored-attempts.ts';

export async function openTestRuntime(environment: Readonly<Record<string, string>> = {}): Promise<Runtime> {
  const given = environment.XRAY_DATA_DIR;
  const directory = given ?? mkdtempSync(join(tmpdir(), 'xray-test-'));
  const config = loadConfig({
    XRAY_DATA_DIR: directory,
    XRAY_DEMO: '0',
    XRAY_CONFIG: join(directory, 'none.yaml'),
    XRAY_RETENTION_TRACES_DAYS: '3650',
    XRAY_START_WAIT_SECONDS: '0',
    ...environment,
  });
  const telemetry = createTelemetry();
  const store = await openStore(config, null, telemetry);
  const { engine } = store;
  const stored = watchStoredAttempts(engine);
  const ingest = createIngest(stored.engine, config, telemetry, () => store.guard.clock().time);
  const timelines = createTimelineIndexer(stored, telemetry);
  return {
    config,
    version: 'test',
    startedAt: new Date(),
    engine,
    store: store.guard,
    ingest,
    prometheus: absentPrometheus('no Prometheus in this test', 'nothing'),
    alertmanager: createAlertmanagerSource(config.alertmanager),
    rays: () => [],
    annotate: (body) => body,
    telemetry,
    timelines,
    held: createHeldAnswers(),
    health: () => ingest.health(),
    async close() {
      await ingest.close();
      await timelines.close();
      await store.close();
      if (given === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}
