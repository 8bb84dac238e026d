/** What X-Ray needs of this machine before it starts: Node, dependencies, build, disk, Prometheus, a free port. */
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { z } from 'zod';
import type { DoctorCheckWire } from '../../contract/cli.ts';
import { byKey } from '../../schema/by-key.ts';

interface Machine {
  readonly root: string;
  /** Absolute. */
  readonly dataDirectory: string;
  /** Where X-Ray should answer. */
  readonly url: string;
  readonly isUp: boolean;
}

const ok = (id: string, message: string): DoctorCheckWire => ({ id, state: 'ok', message, whatToDo: null });
const bad = (id: string, state: 'warn' | 'fail', message: string, whatToDo: string): DoctorCheckWire => ({
  id,
  state,
  message,
  whatToDo,
});

export async function machineChecks(machine: Machine): Promise<DoctorCheckWire[]> {
  return [
    node(machine.root),
    dependencies(machine.root),
    build(machine.root),
    dataDirectory(machine.dataDirectory),
    disk(machine.dataDirectory),
    prometheus(machine.dataDirectory),
    chromium(),
    await port(machine),
  ];
}

const Package = z.looseObject({ dependencies: byKey(z.string()) });

function node(root: string): DoctorCheckWire {
  const pinned = Package.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).dependencies.node;
  const running = process.versions.node;
  return running === pinned
    ? ok('node', `Node ${running}, the pinned one`)
    : bad('node', 'warn', `Node ${running}; X-Ray is tested with ${pinned ?? 'another'}`, 'npm install node again');
}

function dependencies(root: string): DoctorCheckWire {
  const stamp = join(root, 'node_modules/.xray-lock');
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock)
    return ok('dependencies', 'installed as package-lock.json says');
  return existsSync(join(root, 'node_modules/next'))
    ? bad('dependencies', 'warn', 'package-lock.json has changed since they were installed', 'npm start installs them')
    : bad('dependencies', 'fail', 'not installed', 'npm start installs them');
}

function build(root: string): DoctorCheckWire {
  const stamp = join(root, process.env.XRAY_NEXT_DIST ?? '.next', 'xray-sources');
  return existsSync(stamp)
    ? ok('build', `built ${statSync(stamp).mtime.toISOString()}`)
    : bad('build', 'warn', 'not built yet', 'npm start builds it the first time (about a minute)');
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/** The nearest folder that exists, from here up. */
function existing(path: string): string {
  let folder = path;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function dataDirectory(path: string): DoctorCheckWire {
  const id = 'data-directory';
  try {
    accessSync(existing(path), constants.W_OK);
  } catch {
    return bad(id, 'fail', `${path} cannot be written`, 'set XRAY_DATA_DIR to a directory that can');
  }
  if (existsSync(path) && !statSync(path).isDirectory())
    return bad(id, 'fail', `${path} is a file`, 'set XRAY_DATA_DIR to a directory');
  if (!existsSync(path)) return ok(id, `${path}, made at the first start`);
  const lock = join(path, 'xray.lock');
  const pid = existsSync(lock) ? Number(readFileSync(lock, 'utf8').split(' ')[0]) : Number.NaN;
  if (Number.isInteger(pid) && pid > 0 && isAlive(pid)) return ok(id, `${path}, in use by X-Ray with pid ${pid}`);
  return ok(id, Number.isNaN(pid) ? `${path}, free` : `${path}, free (X-Ray with pid ${pid} was killed there)`);
}

const GIBIBYTE = 1024 ** 3;

function disk(path: string): DoctorCheckWire {
  const at = existing(path);
  const found = statfsSync(at);
  const free = (found.bavail * found.bsize) / GIBIBYTE;
  const message = `${free.toFixed(1)} GiB free at ${at}`;
  const whatToDo = 'free some space, or set XRAY_DATA_DIR to a larger disk';
  if (free < 1) return bad('disk-space', 'fail', message, whatToDo);
  return free < 5 ? bad('disk-space', 'warn', message, whatToDo) : ok('disk-space', message);
}

function onPath(...names: readonly string[]): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter))
    for (const name of names) if (folder !== '' && existsSync(join(folder, name))) return join(folder, name);
  return null;
}

function prometheus(dataDirectory: string): DoctorCheckWire {
  if (process.env.PROMETHEUS_URL) return ok('prometheus', 'PROMETHEUS_URL is set: X-Ray runs none of its own');
  const found = process.env.XRAY_PROMETHEUS_BINARY ?? onPath('prometheus');
  if (found) return ok('prometheus', found);
  if (existsSync(dataDirectory) && existsSync(join(dataDirectory, 'prometheus-2.53.5/prometheus')))
    return ok('prometheus', join(dataDirectory, 'prometheus-2.53.5/prometheus'));
  return bad(
    'prometheus',
    'warn',
    'no Prometheus on PATH: metrics, alerts and collectives stay empty',
    'apt-get install prometheus, or set PROMETHEUS_URL',
  );
}

function chromium(): DoctorCheckWire {
  const found = onPath('chromium', 'chromium-browser', 'google-chrome');
  return ok('chromium', found ?? 'none; only npm test needs one, and installs it');
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = createConnection({ host, port, timeout: 2000 });
    const end = (answer: boolean) => () => {
      socket.destroy();
      done(answer);
    };
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
  });
}

async function port({ url, isUp }: Machine): Promise<DoctorCheckWire> {
  const { hostname, port, protocol } = new URL(url);
  const number = Number(port || (protocol === 'https:' ? 443 : 80));
  if (isUp) return ok('port', `${number}, in use by X-Ray`);
  return (await accepts(hostname.replace(/^\[|\]$/g, ''), number))
    ? bad('port', 'fail', `${number} is in use by another program`, 'stop it, or set PORT to another number')
    : ok('port', `${number} is free`);
}
