import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/**
 * Tests that hold a time to a bound: beside another file the machine's two cores are not theirs, so these run after the others, one at a
 * time.
 */
const TIMED = [
  'test/analysis/critical-path.test.ts',
  'test/fuzz/doors.test.ts',
  'test/lib/analysis/lane-depths.test.ts',
  'test/lib/chart/timeline/depth-packer.test.ts',
  'test/lib/chart/heat-map/heat-map.test.ts',
  'test/lib/chart/trace/waterfall.test.ts',
  'test/server/http/json-in-slices.test.ts',
  'test/server/http/limited-server.test.ts',
  'test/server/identity-cost.test.ts',
  'test/server/ingest-hardening.test.ts',
  'test/server/ingest-hostile.test.ts',
  'test/server/lying-sources.test.ts',
  'test/server/scale.test.ts',
  'test/server/timeline-bad-input.test.ts',
  'test/server/timeline-overlap.test.ts',
  'test/server/trace-columns.test.ts',
  'test/store/read-rows.test.ts',
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
