/**
 * Set-up for a fresh machine: plain JavaScript for Node >= 20.9, no dependencies. Installs what the lock file says (when
 * it changed), and on request a browser (`--browser`), a Prometheus (`--prometheus`) or a Python with venv (`--python`).
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const dataDirectory = resolve(process.env.XRAY_DATA_DIR || join(root, '.xray'));

const pinned = join(root, 'node_modules/.bin/node');
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
  linkNode();
  writeFileSync(stamp, lock);
}

/**
 * npm links the Node that the lock file pins for this platform. Where it pins none, the Node that runs this takes its
 * place if it strips types by itself (Node >= 22.18), else nothing here could run.
 */
function linkNode() {
  if (existsSync(pinned)) return;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 18)) {
    say(`X-Ray: no Node is pinned for ${process.platform}-${process.arch}; run this with Node >= 22.18`);
    process.exit(1);
  }
  mkdirSync(dirname(pinned), { recursive: true });
  rmSync(pinned, { force: true });
  symlinkSync(process.execPath, pinned);
}

/** The Node that node_modules pins. */
export const pinnedNode = () => pinned;

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

/** A python3 that can make a venv: on PATH, else Debian's package as root. Who needs it says what is missing. */
function ensurePython() {
  if (spawnSync('python3', ['-c', 'import venv, ensurepip'], { stdio: 'ignore' }).status !== 0)
    debianPackage('python3-venv');
}

/**
 * The last resort, and only ever listens on loopback. The checksums are those of the release's sha256sums.txt, compared with
 * the records of other projects that pin the same release (lib/decisions/0016).
 */
const PROMETHEUS = {
  version: '3.14.0',
  sha256: new Map([
    ['linux-amd64', 'f665c6da19eb7ba399c915d30c7d9793c9b417bf8a749b504bc470678631478d'],
    ['linux-arm64', '077f3781ab7245dc04c9a3c9b78ba120fc8e41aa0dc97489b0af67247e50ba83'],
    ['darwin-amd64', 'a14307b9726e66cadb81be9a544732623af26dabeb7702c987aa9c3c062ada34'],
    ['darwin-arm64', 'a9623f7f4fe65b1b171b423c1a72bbf23dfdf41a171dcb33e7dd302af80dc01c'],
  ]),
};

/** Path of a Prometheus: PATH, else Debian's package as root, else the pinned release with its checksum; else null. */
export async function ensurePrometheus() {
  if (onPath('prometheus')) return onPath('prometheus');
  debianPackage('prometheus');
  if (onPath('prometheus')) return onPath('prometheus');
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const target = join(dataDirectory, `prometheus-${PROMETHEUS.version}/prometheus`);
  if (existsSync(target)) return target;
  const sum = PROMETHEUS.sha256.get(platform);
  if (!sum) {
    say(`X-Ray: no Prometheus on PATH and none is pinned for ${platform}; install it, or set PROMETHEUS_URL`);
    return null;
  }
  const name = `prometheus-${PROMETHEUS.version}.${platform}`;
  const url = `https://github.com/prometheus/prometheus/releases/download/v${PROMETHEUS.version}/${name}.tar.gz`;
  say(`X-Ray: downloading Prometheus ${PROMETHEUS.version}`);
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(300_000) });
    if (!response.ok) throw new Error(`answered ${response.status}`);
    installPrometheus(Buffer.from(await response.arrayBuffer()), sum, dirname(target));
    return target;
  } catch (error) {
    say(`X-Ray: ${url}: ${error.message}; install Prometheus, or set PROMETHEUS_URL`);
    return null;
  }
}

/**
 * Unpacks a release archive into `directory` (prometheus and promtool directly in it), at once or not at all. Throws where
 * the sha256 of the bytes is not `sum`, or tar fails.
 */
export function installPrometheus(bytes, sum, directory) {
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sum) throw new Error(`the checksum is ${found}, expected ${sum}`);
  const part = `${directory}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  writeFileSync(join(part, 'release.tar.gz'), bytes);
  if (!run('tar', ['-xzf', join(part, 'release.tar.gz'), '-C', part, '--strip-components=1']))
    throw new Error('tar failed');
  rmSync(join(part, 'release.tar.gz'));
  rmSync(directory, { recursive: true, force: true });
  renameSync(part, directory);
}

if (process.argv[1] && fileURLToPath(import.meta.url) === resolve(process.argv[1])) {
  installDependencies();
  if (process.argv.includes('--browser')) ensureBrowser();
  if (process.argv.includes('--python')) ensurePython();
  if (process.argv.includes('--prometheus') || process.argv.includes('--browser')) await ensurePrometheus();
}
