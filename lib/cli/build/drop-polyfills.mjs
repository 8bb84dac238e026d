/**
 * Next.js names polyfills for browsers without ES modules on every page (112 kB) and has no setting against it. Such a browser could not
 * run X-Ray with them: its scripts need streams that decompress, its styles need cascade layers.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Takes the polyfills out of every manifest of a finished build in `output`; throws where Next.js keeps them elsewhere. */
export function dropPolyfills(output) {
  const inside = readdirSync(join(output, 'server'), { recursive: true, encoding: 'utf8' });
  const manifests = ['build-manifest.json', ...inside.map((path) => join('server', path))].filter((path) =>
    path.endsWith('build-manifest.json'),
  );
  let dropped = 0;
  for (const path of manifests) {
    const manifest = JSON.parse(readFileSync(join(output, path), 'utf8'));
    if (!Array.isArray(manifest.polyfillFiles)) continue;
    writeFileSync(join(output, path), JSON.stringify({ ...manifest, polyfillFiles: [] }));
    dropped += 1;
  }
  if (dropped === 0) throw new Error(`no manifest in ${output} names polyfills: see lib/cli/build/drop-polyfills.mjs`);
}
