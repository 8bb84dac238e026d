import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/**
 * Tests that hold a time to a bound: beside another file the machine's two cores are not theirs, so these run after the others, one at a
 * time.
 */
const TIMED = [
  'test/lib/analysis/critical-path.test.ts',
  'test/fuzz/doors.test.ts',
  'test/lib/analysis/lane-depths.test.ts',
  'test/lib/chart/timeline/depth-packer.test.ts',
  'test/lib/chart/heat-map/heat-map.test.ts',
  'test/lib/chart/trace/waterfall.test.ts',
  'test/lib/server/http/json-in-slices.test.ts',
  'test/lib/server/http/limited-server.test.ts',
  'test/lib/server/memory/identity-cost.test.ts',
  'test/lib/server/ingest/ingest-hardening.test.ts',
  'test/lib/server/ingest/ingest-hostile.test.ts',
  'test/lib/server/sources/lying-rows.test.ts',
  'test/lib/server/sources/lying-series.test.ts',
  'test/lib/server/sources/lying-sources.test.ts',
  'test/lib/server/scale.test.ts',
  'test/lib/server/timeline/timeline-bad-input.test.ts',
  'test/lib/server/tiles/timeline-overlap.test.ts',
  'test/lib/server/traces/trace-columns.test.ts',
  'test/lib/store/read-rows.test.ts',
];

for (const file of TIMED)
  if (!existsSync(join(import.meta.dirname, file))) throw new Error(`vitest.config.ts: there is no ${file}`);

export default defineConfig({
  test: {
    // chdb binds one data directory per process: every test file gets a process of its own.
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'units',
          include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
          exclude: ['test/e2e/**', 'test/live/**', 'node_modules/**', ...TIMED],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'timed', include: TIMED, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
