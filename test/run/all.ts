/**
 * `npm test`: units, real engine, real Prometheus, then pages in a real browser. Ends with what failed, a line each, and
 * `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import { serveEnvironment } from '../../lib/cli/serve-process.mjs';

const root = resolve(import.meta.dirname, '../..');
const report = join(mkdtempSync(join(tmpdir(), 'xray-report-')), 'report.json');
const Report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numFailedTestSuites: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()) }),
      ),
    }),
  ),
});
let passed = 0;
let failed = 0;
const failures: string[] = [];
const MESSAGE_CHARACTERS = 300;

function noteFailures({ testResults }: z.infer<typeof Report>): void {
  const note = (file: string, test: string, message = ''): void => {
    failures.push(
      `failed: ${relative(root, file)}: ${test}: ${stripVTControlCharacters(message).replace(/\s+/g, ' ').slice(0, MESSAGE_CHARACTERS)}`,
    );
  };
  for (const { name, status, message, assertionResults } of testResults) {
    const ofFile = assertionResults.filter((one) => one.status === 'failed');
    for (const { fullName, failureMessages } of ofFile) note(name, fullName, failureMessages[0]);
    if (status === 'failed' && ofFile.length === 0) note(name, 'no test', message);
  }
}

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
    failures.push(`failed: vitest ${args.join(' ')}: no report`);
    return;
  }
  noteFailures(parsed.data);
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
else {
  failed += 1;
  failures.push('failed: the build');
}
for (const line of failures) console.log(line);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
