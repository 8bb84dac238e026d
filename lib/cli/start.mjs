/** `npm start` and `npm run dev`: set-up, build when sources changed, then the server in the foreground. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dropPolyfills } from './build/drop-polyfills.mjs';
import { serveEnvironment, serveFlags } from './serve-process.mjs';
import { ensurePrometheus, installDependencies, pinnedNode, root } from './setup.mjs';
import { watchParents } from './watch-parents.mjs';

const dev = process.argv.includes('--dev');
const buildOnly = process.argv.includes('--build');
const output = join(root, process.env.XRAY_NEXT_DIST ?? '.next');

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

/** Hash of everything a page is built from. */
function sourceHash() {
  const hash = createHash('sha256');
  for (const folder of ['app', 'components', 'lib', 'public'])
    if (existsSync(join(root, folder)))
      for (const file of files(join(root, folder))) hash.update(file).update(readFileSync(file));
  for (const file of ['package-lock.json', 'next.config.js', 'tsconfig.json', 'postcss.config.mjs'])
    if (statSync(join(root, file)).isFile()) hash.update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

installDependencies();
const node = pinnedNode();
const prometheus = process.env.PROMETHEUS_URL || buildOnly ? null : await ensurePrometheus();
const stamp = join(output, 'xray-sources');
const env = {
  ...process.env,
  NEXT_TELEMETRY_DISABLED: '1',
  ...(prometheus ? { XRAY_PROMETHEUS_BINARY: prometheus } : {}),
};
if (!dev) {
  const hash = sourceHash();
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== hash) {
    process.stderr.write('X-Ray: building\n');
    const built = spawnSync(node, [join(root, 'node_modules/next/dist/bin/next'), 'build'], {
      cwd: root,
      env,
      stdio: ['ignore', 2, 2],
    });
    if (built.status !== 0) process.exit(built.status ?? 1);
    dropPolyfills(output);
    writeFileSync(stamp, hash);
  }
}
if (!buildOnly) {
  const args = [...serveFlags, join(root, 'app/serve.ts'), ...(dev ? ['--dev'] : [])];
  const server = spawn(node, args, {
    cwd: root,
    env: { NODE_ENV: dev ? 'development' : 'production', ...serveEnvironment, ...env },
    // The channel says nothing: where it closes, this process has ended, and the server ends too (app/serve.ts).
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => server.kill(signal));
  watchParents(() => server.kill('SIGTERM'));
  server.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}
