/**
 * Set-up for a fresh machine: plain JavaScript for Node >= 20.9, no dependencies. Installs what the lock file says (when
 * it changed), and on request a browser (`--browser`) or a Prometheus (`--prometheus`).
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const dataDirectory = resolve(process.env.XRAY_DATA_DIR || join(root, '.xray'));

const say = (line) => process.stderr.write(`${line}\n`);
const run = (command, args, options = {}) =>
  spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options }).status === 0;

/** Absolute path of a program on PATH, or null. */
export function onPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name);
    if (folder !== '' && existsSync(file)) return file;
  }
  return null;
}

/**
 * Installs what the lock file says, when it changed. `npm install` and not `npm ci`: the latter refuses a lock file that
 * lacks the optional binaries of other platforms, which a registry mirror may not carry.
 */
export function installDependencies() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules/.xray-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('X-Ray: installing dependencies');
  if (!run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--include=dev'])) {
    say('X-Ray: npm install failed; its words are above. Is the network there?');
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}

/** The Node that node_modules pins; the Node that runs this where the package has none for this platform. */
export function pinnedNode() {
  const node = join(root, 'node_modules/node/bin/node');
  return existsSync(node) ? node : process.execPath;
}

function debianPackage(name) {
  if (process.getuid?.() !== 0 || !onPath('apt-get')) return;
  say(`X-Ray: installing Debian's package ${name}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], { env });
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], { env });
}

/** Chromium: on PATH, else Debian's package as root, else Playwright's. */
export function ensureBrowser() {
  const found = () => onPath('chromium') ?? onPath('chromium-browser') ?? onPath('google-chrome');
  if (found()) return;
  debianPackage('chromium');
  if (found()) return;
  say("X-Ray: installing Playwright's Chromium");
  run(pinnedNode(), [join(root, 'node_modules/playwright-core/cli.js'), 'install', 'chromium']);
}

const PROMETHEUS = {
  version: '2.53.5',
  /** From sha256sums.txt of the release. A platform without a sum here is not downloaded. */
  sha256: {},
};

/** Path of a Prometheus: PATH, else Debian's package as root, else the pinned release with its checksum; else null. */
export async function ensurePrometheus() {
  if (onPath('prometheus')) return onPath('prometheus');
  debianPackage('prometheus');
  if (onPath('prometheus')) return onPath('prometheus');
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const target = join(dataDirectory, `prometheus-${PROMETHEUS.version}/prometheus`);
  if (existsSync(target)) return target;
  const sum = PROMETHEUS.sha256[platform];
  if (!sum) {
    say(`X-Ray: no Prometheus on PATH and none is pinned for ${platform}; install it, or set PROMETHEUS_URL`);
    return null;
  }
  const name = `prometheus-${PROMETHEUS.version}.${platform}`;
  const url = `https://github.com/prometheus/prometheus/releases/download/v${PROMETHEUS.version}/${name}.tar.gz`;
  try {
    const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
    if (createHash('sha256').update(bytes).digest('hex') !== sum) throw new Error('the checksum differs');
    mkdirSync(dirname(target), { recursive: true });
    const archive = `${target}.tar.gz`;
    writeFileSync(archive, bytes);
    if (!run('tar', ['-xzf', archive, '-C', dirname(target), '--strip-components=1'])) throw new Error('tar failed');
    chmodSync(target, 0o755);
    renameSync(archive, `${archive}.done`);
    return target;
  } catch (error) {
    say(`X-Ray: ${url}: ${error.message}`);
    return null;
  }
}

if (process.argv[1] && fileURLToPath(import.meta.url) === resolve(process.argv[1])) {
  installDependencies();
  if (process.argv.includes('--browser')) ensureBrowser();
  if (process.argv.includes('--prometheus') || process.argv.includes('--browser')) await ensurePrometheus();
}
