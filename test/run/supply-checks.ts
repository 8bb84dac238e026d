/** What `npm run supply` judges, as pure functions of the lock file (npm's lockfileVersion 3) and of npm's answers. */
import { z } from 'zod';

const LockEntry = z.object({
  version: z.string().optional(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  inBundle: z.boolean().optional(),
  link: z.boolean().optional(),
  hasInstallScript: z.boolean().optional(),
  license: z.string().optional(),
});
const Lock = z.object({ lockfileVersion: z.literal(3), packages: z.record(z.string(), LockEntry) });
const Manifest = z.object({
  dependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
  allowScripts: z.record(z.string(), z.boolean()),
});

export type LockEntries = ReadonlyMap<string, z.infer<typeof LockEntry>>;

/** Entries by their path in node_modules, without the project itself. Throws where `text` is not a lock file of version 3. */
export function parseLock(text: string): LockEntries {
  return new Map(Object.entries(Lock.parse(JSON.parse(text)).packages).filter(([path]) => path !== ''));
}

/** SPDX terms that may ship or build with X-Ray. LGPL: libvips, a shared library that Next loads to resize images. */
const LICENCES = new Set(
  '0BSD Apache-2.0 BlueOak-1.0.0 BSD-2-Clause BSD-3-Clause CC-BY-4.0 ISC LGPL-3.0-or-later MIT MPL-2.0 OFL-1.1'.split(
    ' ',
  ),
);

const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/**
 * One sentence for each fault: no integrity (entries inside another's tarball are covered by its own), a source that is no
 * registry tarball, an install script that package.json does not allow, an unlisted licence, a version that is not exact.
 */
export function lockFaults(lock: LockEntries, manifest: unknown): string[] {
  const { dependencies, optionalDependencies, devDependencies, allowScripts } = Manifest.parse(manifest);
  const allowed = new Map(Object.entries(allowScripts));
  const faults: string[] = [];
  for (const [path, entry] of lock) {
    const name = `${nameOf(path)}@${entry.version}`;
    if (entry.link) faults.push(`${name} is a link`);
    if (!entry.inBundle && !/^sha512-[A-Za-z0-9+/]{86}==$/.test(entry.integrity ?? ''))
      faults.push(`${name} has no sha512 integrity`);
    if (entry.resolved !== undefined && !/^https:\/\/[^/]+\/.+\.tgz$/.test(entry.resolved))
      faults.push(`${name} does not come from a registry`);
    if (entry.hasInstallScript && !allowed.get(name))
      faults.push(`${name} runs an install script that allowScripts does not name`);
    const terms = (entry.license ?? '').split(/ (?:AND|OR) /).map((term) => term.replace(/[()]/g, ''));
    if (!terms.every((term) => LICENCES.has(term))) faults.push(`${name} has the licence "${entry.license ?? ''}"`);
  }
  for (const [name, allow] of allowed)
    if (allow && ![...lock].some(([path, { version }]) => `${nameOf(path)}@${version}` === name))
      faults.push(`allowScripts names ${name}, which is not installed`);
  for (const [name, version] of Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies }))
    if (!/^\d+\.\d+\.\d+$/.test(version)) faults.push(`package.json: ${name} is "${version}", not one exact version`);
  return faults;
}

/** One line a package: licence, name, version; sorted, each once. */
export function licenceTable(lock: LockEntries): string {
  const lines = [...lock].map(
    ([path, { version, license }]) => `${license ?? 'unknown'}\t${nameOf(path)}\t${version}\n`,
  );
  return [...new Set(lines)].sort().join('');
}

const Audit = z.object({
  vulnerabilities: z.record(
    z.string(),
    z.object({ severity: z.string(), range: z.string(), fixAvailable: z.unknown().optional() }),
  ),
});

/** Of `npm audit --json`: high and critical advisories are faults. A registry without that endpoint is said, and is no fault. */
export function auditVerdict(stdout: string): { faults: string[]; note: string } {
  let answer: unknown = null;
  try {
    answer = JSON.parse(stdout);
  } catch {
    // Cut off by the time limit, or not npm's JSON: the same as no answer.
  }
  const parsed = Audit.safeParse(answer);
  if (!parsed.success) return { faults: [], note: 'not answered: this registry has no audit' };
  const found = Object.entries(parsed.data.vulnerabilities);
  return {
    faults: found
      .filter(([, { severity }]) => severity === 'high' || severity === 'critical')
      .map(([name, { severity, range }]) => `${name} ${range}: ${severity}`),
    note: `${found.length} advisories`,
  };
}
