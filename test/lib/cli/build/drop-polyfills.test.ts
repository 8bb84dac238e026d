import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { dropPolyfills } from '../../../../lib/cli/build/drop-polyfills.mjs';

/** A folder as `next build` leaves it: a manifest for the whole, one for each page, and others. */
function built(manifests: Readonly<Record<string, unknown>>): string {
  const output = mkdtempSync(join(tmpdir(), 'xray-build-'));
  for (const [path, manifest] of Object.entries(manifests)) {
    mkdirSync(dirname(join(output, path)), { recursive: true });
    writeFileSync(join(output, path), JSON.stringify(manifest));
  }
  return output;
}

it('takes polyfills out of every manifest and leaves the rest', () => {
  const manifest = { polyfillFiles: ['static/chunks/polyfills.js'], rootMainFiles: ['static/chunks/main.js'] };
  const pages = ['build-manifest.json', 'server/app/(dashboard)/jobs/[jobId]/page/build-manifest.json'];
  const other = 'server/app/page/app-build-manifest.json';
  const output = built({ ...Object.fromEntries(pages.map((path) => [path, manifest])), [other]: { pages: {} } });
  dropPolyfills(output);
  for (const path of pages)
    expect(JSON.parse(readFileSync(join(output, path), 'utf8'))).toEqual({ ...manifest, polyfillFiles: [] });
  expect(JSON.parse(readFileSync(join(output, other), 'utf8'))).toEqual({ pages: {} });
});

it('says so where no manifest names polyfills any more', () => {
  const output = built({ 'build-manifest.json': { rootMainFiles: [] }, 'server/pages-manifest.json': {} });
  expect(() => dropPolyfills(output)).toThrow(/names polyfills/);
});
