/** `npm test`: units, real engine, real Prometheus, then pages in a real browser. Ends with `N passed, N failed`. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { serveEnvironment } from '../../lib/cli/serve-process.mjs';

const root = resolve(import.meta.dirname, '../..');
const report = join(mkdtempSync(join(tmpdir(), 'xray-report-')), 'report.json');
const Report = z.object({ numPassedTests: z.number(), numFailedTests: z.number(), numFailedTestSuites: z.number() });
let passed = 0;
let failed = 0;

/** Runs vitest; a run without a report counts as one failure. */
function vitest(args: readonly string[]): void {
  rmSync(report, { force: true });
  const command = join(root, 'node_modules/.bin/vitest');
  const run = spawnSync(
    command,
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...args],
    {
      cwd: root,
      // As X-Ray itself is started: bounds on memory mean that.
      env: { ...process.env, ...serveEnvironment },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  const parsed = existsSync(report) ? Report.safeParse(JSON.parse(readFileSync(report, 'utf8'))) : null;
  if (!parsed?.success) {
    failed += 1;
    return;
  }
  passed += parsed.data.numPassedTests;
  // A suite that could not even be collected fails without a failed test.
  failed +=
    parsed.data.numFailedTests > 0 || run.status === 0
      ? parsed.data.numFailedTests
      : Math.max(1, parsed.data.numFailedTestSuites);
}

vitest([]);
const built = spawnSync(process.execPath, [join(root, 'lib/cli/start.mjs'), '--build'], {
  cwd: root,
  stdio: ['ignore', 2, 2],
});
if (built.status === 0) vitest(['--config', 'test/e2e/vitest.config.ts']);
else failed += 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
