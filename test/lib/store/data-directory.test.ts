/** The data directory before anything opens it: rights, holders, and one sentence for what is wrong. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { directoryFault, directoryHolder, lockDirectory, secureDirectory } from '../../../lib/store/data-directory.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xray-directory-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));
const mode = (path: string): number => statSync(path).mode & 0o777;
const silent = (): void => {};

it('is made for its owner alone, and one that others can read is tightened, which is said', () => {
  const made = join(directory, 'a/b');
  expect([secureDirectory(made), mode(made)]).toEqual([null, 0o700]);
  chmodSync(made, 0o755);
  expect(secureDirectory(made)).toMatch(/could be read by other users .*\(mode 755\): it is 700 now/);
  expect([secureDirectory(made), mode(made)]).toEqual([null, 0o700]);
});

it('a file where the directory should be is one sentence', () => {
  const file = join(directory, 'file');
  writeFileSync(file, '');
  expect(() => secureDirectory(file)).toThrow(/is not a directory: set XRAY_DATA_DIR to one/);
  expect(() => secureDirectory(join(file, 'below'))).toThrow(/is not a directory/);
});

it.each([
  ['EACCES', /cannot be read and written by this user/],
  ['EROFS', /read-only/],
  ['ENOSPC', /is full: free some space/],
])('%s of the file system is one sentence with what to do', (code, sentence) => {
  expect(directoryFault(directory, Object.assign(new Error('raw'), { code }))).toMatch(sentence);
});

it('a directory of another user is one sentence', () => {
  const other = join(directory, 'other');
  mkdirSync(other, { mode: 0o700 });
  const isRoot = process.getuid?.() === 0;
  // Root may do everything: there the look is taken by somebody else.
  if (isRoot) {
    chmodSync(directory, 0o755);
    chownSync(other, 12_345, 12_345);
  } else chmodSync(other, 0o500);
  const script = `
    try { process.setuid?.(${isRoot ? 65_534 : process.getuid?.()}); } catch {}
    const { secureDirectory } = await import(${JSON.stringify(new URL('../../../lib/store/data-directory.ts', import.meta.url).pathname)});
    try { secureDirectory(${JSON.stringify(other)}); console.log('opened'); } catch (error) { console.log(error.code, error.message); }`;
  // Loaded before the user changes: sources may be readable by their owner alone.
  const early = script
    .replace(/^\s*try.*\n/, '')
    .replace('try { secure', `process.setuid(${isRoot ? 65_534 : process.getuid?.()}); try { secure`);
  const said = spawnSync(process.execPath, ['--input-type=module', '-e', early], { encoding: 'utf8' });
  expect(said.stdout).toMatch(
    /^store-unwritable the data directory .* cannot be read and written by this user \(uid \d+\)/,
  );
});

it('a second one waits for the first, says so once, and gets it; or is refused in a sentence', async () => {
  const holder = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' });
  const started = (): string => {
    const stat = spawnSync('cat', [`/proc/${holder.pid}/stat`], { encoding: 'utf8' }).stdout;
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  };
  writeFileSync(join(directory, 'xray.lock'), `${holder.pid} ${started()}`);
  expect(directoryHolder(directory)).toBe(holder.pid);
  await expect(lockDirectory(directory, 0, silent)).rejects.toThrow(
    new RegExp(`in use by the X-Ray with pid ${holder.pid}: stop it, or set XRAY_DATA_DIR`),
  );
  const said: string[] = [];
  setTimeout(() => holder.kill('SIGKILL'), 300);
  const unlock = await lockDirectory(directory, 20_000, (sentence) => said.push(sentence));
  expect(said).toEqual([expect.stringMatching(/^waiting up to 20 s for the X-Ray with pid \d+ to end/)]);
  expect(directoryHolder(directory)).toBeNull();
  unlock();
});
