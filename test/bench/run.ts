/**
 * `npm run bench -- [suite...] [--seeds N]`: every module of this folder that exports `run(report)` is a suite. One JSON line per
 * figure on stdout, progress on stderr; exit 1 when a budget is broken or a suite fails. Each suite runs in a process of
 * its own, because chdb binds one data directory per process.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { judged, type Report } from './figure.ts';

interface Suite {
  readonly run?: (report: Report) => Promise<void>;
}

const here = new URL('./', import.meta.url);
const load = async (name: string): Promise<Suite> => import(new URL(`${name}.ts`, here).href);

async function runHere(name: string): Promise<void> {
  const { run } = await load(name);
  if (!run) throw new Error(`there is no suite "${name}"`);
  await run((measured) => {
    const figure = judged(measured);
    console.log(JSON.stringify(figure));
    if (!figure.holds) process.exitCode = 1;
  });
  // What a suite left open (sockets, timers) must not keep the bench waiting.
  process.exit();
}

async function suiteNames(): Promise<string[]> {
  const names: string[] = [];
  for (const file of readdirSync(here).sort()) {
    const name = /^([a-z-]+)\.ts$/.exec(file)?.[1];
    if (name && name !== 'run' && (await load(name)).run) names.push(name);
  }
  return names;
}

async function runApart(name: string): Promise<boolean> {
  process.stderr.write(`bench: ${name}\n`);
  const child = spawn(process.execPath, [new URL('run.ts', here).pathname, '--here', name], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '12' },
  });
  createInterface(child.stdout).on('line', (line) => {
    if (line.startsWith('{"suite"')) console.log(line);
    else process.stderr.write(`${line}\n`);
  });
  return new Promise((resolve) => child.on('close', (code) => resolve(code === 0)));
}

const args = process.argv.slice(2);
/** `--seeds N` is for `diagnose`. */
const seeds = args.indexOf('--seeds');
if (seeds !== -1) [, process.env.XRAY_BENCH_SEEDS] = args.splice(seeds, 2);
if (args[0] === '--here') await runHere(args[1] ?? '');
else {
  const known = await suiteNames();
  /** `timeline` is `timeline-large` too. */
  const meant = (name: string) => known.filter((suite) => suite === name || suite.startsWith(`${name}-`));
  const unknown = args.filter((name) => meant(name).length === 0);
  if (unknown.length > 0) {
    process.stderr.write(`unknown suite ${unknown.join(', ')}; there are: ${known.join(', ')}\n`);
    process.exit(2);
  }
  let held = true;
  for (const name of args.length > 0 ? new Set(args.flatMap(meant)) : known) held = (await runApart(name)) && held;
  process.exit(held ? 0 : 1);
}
