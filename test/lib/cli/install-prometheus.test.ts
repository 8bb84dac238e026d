/** The pinned release is unpacked only when its checksum is right, and then wholly. The archive here is made by the test. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { installPrometheus } from '../../../lib/cli/setup.mjs';

const work = mkdtempSync(join(tmpdir(), 'xray-release-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function archive(): Buffer {
  const folder = join(work, 'synthetic-release');
  mkdirSync(folder, { recursive: true });
  for (const name of ['prometheus', 'promtool'])
    writeFileSync(join(folder, name), `#!/bin/sh\necho ${name}\n`, { mode: 0o755 });
  execFileSync('tar', ['-czf', join(work, 'release.tar.gz'), '-C', work, 'synthetic-release']);
  return readFileSync(join(work, 'release.tar.gz'));
}

it('unpacks prometheus and promtool', () => {
  const bytes = archive();
  const target = join(work, 'installed');
  installPrometheus(bytes, createHash('sha256').update(bytes).digest('hex'), target);
  expect(readdirSync(target).sort()).toEqual(['prometheus', 'promtool']);
  expect(execFileSync(join(target, 'prometheus')).toString()).toBe('prometheus\n');
});

it('leaves nothing behind when the checksum differs', () => {
  const target = join(work, 'refused');
  expect(() => installPrometheus(archive(), '0'.repeat(64), target)).toThrow(/checksum/);
  expect(existsSync(target)).toBe(false);
});
