/** Nothing outlives what started it, however that ended: npm, the shell between, start.mjs, the server. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xray-life-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const module = (path: string): string => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href);
const read = (name: string): string => {
  const file = join(directory, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

it('a script of npm ends when npm is killed, though a shell stands between', async () => {
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ scripts: { start: 'node child.mjs; true' } }));
  writeFileSync(
    join(directory, 'child.mjs'),
    `import { writeFileSync } from 'node:fs';
     import { watchParents } from ${module('lib/cli/watch-parents.mjs')};
     watchParents(() => { writeFileSync('gone', 'gone'); process.exit(0); });
     writeFileSync('pid', String(process.pid));
     setTimeout(() => {}, 60_000);`,
  );
  const npm = spawn('npm', ['start'], { cwd: directory, stdio: 'ignore', detached: true });
  await expect.poll(() => Number(read('pid')), { timeout: 20_000 }).toBeGreaterThan(0);
  const pid = Number(read('pid'));
  // Long enough for several looks: nobody has gone yet.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect([read('gone'), alive(pid)]).toEqual(['', true]);
  npm.kill('SIGKILL');
  await expect.poll(() => [read('gone'), alive(pid)], { timeout: 10_000 }).toEqual(['gone', false]);
}, 60_000);

it('the server closes in order when the process that started it is killed', async () => {
  writeFileSync(
    join(directory, 'server.mts'),
    `import { writeFileSync } from 'node:fs';
     import { endWith } from ${module('lib/server/process/life-cycle.ts')};
     endWith(async () => { writeFileSync('closed', 'closed'); }, () => {});
     writeFileSync('pid', String(process.pid));
     setTimeout(() => {}, 60_000);`,
  );
  writeFileSync(
    join(directory, 'start.mjs'),
    `import { spawn } from 'node:child_process';
     spawn(process.execPath, ['server.mts'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });`,
  );
  const start = spawn(process.execPath, ['start.mjs'], { cwd: directory, stdio: 'inherit' });
  await expect.poll(() => Number(read('pid')), { timeout: 20_000 }).toBeGreaterThan(0);
  const pid = Number(read('pid'));
  start.kill('SIGKILL');
  await once(start, 'exit');
  await expect.poll(() => [read('closed'), alive(pid)], { timeout: 10_000 }).toEqual(['closed', false]);
}, 60_000);
