/**
 * `npm run supply`: what the lock file brings in. Integrity of every entry, install scripts, licences; a bill of materials
 * (CycloneDX) and a list of licences in `test-results/`; `npm audit` where the registry answers it. Ends with
 * `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { auditVerdict, licenceTable, lockFaults, parseLock } from './supply-checks.ts';

const root = resolve(import.meta.dirname, '../..');
const results = join(root, 'test-results');
const lock = parseLock(readFileSync(join(root, 'package-lock.json'), 'utf8'));
const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
let passed = 0;
let failed = 0;

function report(name: string, faults: readonly string[], note = ''): void {
  if (faults.length === 0) passed += 1;
  else failed += 1;
  console.log(`${faults.length === 0 ? 'ok    ' : 'FAILED'}  ${name}${note === '' ? '' : ` (${note})`}`);
  for (const fault of faults) console.log(`        ${fault}`);
}

/** npm, bounded: a registry that does not answer must not hold CI. */
const npm = (args: readonly string[], timeout: number) =>
  spawnSync('npm', args, { cwd: root, encoding: 'utf8', timeout, maxBuffer: 64 * 1024 ** 2 });

mkdirSync(results, { recursive: true });
report('lock file', lockFaults(lock, manifest), `${lock.size} entries`);

writeFileSync(join(results, 'licences.txt'), licenceTable(lock));
const sbom = npm(['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--sbom-type', 'application'], 120_000);
writeFileSync(join(results, 'sbom.cdx.json'), sbom.stdout ?? '');
report('bill of materials', sbom.status === 0 ? [] : [sbom.stderr.trim()], 'test-results/sbom.cdx.json, licences.txt');

const audit = npm(['audit', '--json', '--omit=dev'], 60_000);
const verdict = auditVerdict(audit.stdout ?? '');
report('npm audit', verdict.faults, verdict.note);

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
