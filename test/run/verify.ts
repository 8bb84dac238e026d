/** `npm run verify`: format and lint, types, import table, dead code. Seconds, no server. */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const bin = (name: string): string => join(root, 'node_modules/.bin', name);
const steps: readonly (readonly [string, string, readonly string[]])[] = [
  ['format and lint', bin('biome'), ['check', '.']],
  ['types', bin('tsc'), ['--noEmit', '-p', '.']],
  ['import table', bin('vitest'), ['run', 'test/architecture.test.ts']],
  ['dead code', bin('knip'), []],
  // What only tests use is dead too: entries and files without `!` in knip.json do not count here.
  ['dead code beside tests', bin('knip'), ['--production']],
];

let failed = 0;
for (const [name, command, args] of steps) {
  const started = Date.now();
  const step = spawnSync(command, args, { cwd: root, encoding: 'utf8', env: { ...process.env, FORCE_COLOR: '0' } });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (step.status === 0) console.log(`ok      ${name} (${seconds} s)`);
  else {
    failed += 1;
    console.log(`FAILED  ${name} (${seconds} s)\n${step.stdout}${step.stderr}`);
  }
}
console.log(`${steps.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
