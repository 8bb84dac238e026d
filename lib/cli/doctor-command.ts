/** `xray doctor`: every check, one line each, with what to do where it is not ok. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DoctorCheckWire, DoctorReportWire } from '../contract/cli.ts';
import type { HealthWire } from '../contract/health.ts';
import type { StoreActionWire } from '../contract/store.ts';
import { machineChecks } from './doctor/machine-checks.ts';
import { rayChecks } from './doctor/ray-checks.ts';
import { runStoreDoctor } from './doctor/store-doctor.ts';
import { xrayChecks } from './doctor/xray-checks.ts';
import { UsageError } from './usage-error.ts';
import type { XrayClient } from './xray-client.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface DoctorOptions {
  readonly json: boolean;
  /** Only the store: what it has lost. */
  readonly store: boolean;
  readonly actions: readonly StoreActionWire['action'][];
  readonly dataDirectory: string | undefined;
  readonly from: string;
}

/** Resolves with the exit code: 0 nothing fails, 1 something does. */
export async function runDoctor(
  client: XrayClient,
  options: DoctorOptions,
  print: (line: string) => void,
): Promise<number> {
  const dataDirectory =
    options.dataDirectory !== undefined
      ? resolve(options.from, options.dataDirectory)
      : resolve(root, process.env.XRAY_DATA_DIR || '.xray');
  if (options.store) {
    const [action = null, second] = options.actions;
    if (second !== undefined) throw new UsageError(`--${action} and --${second} exclude each other`, 'keep one');
    return runStoreDoctor(client, { json: options.json, dataDirectory, action }, print);
  }
  if (options.actions.length > 0)
    throw new UsageError(`--${options.actions[0]} is about the store`, 'write --store with it');
  const requested = Date.now();
  const health: HealthWire | Error = await client
    .health()
    .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  const seen = Date.now();
  const checks: DoctorCheckWire[] = [
    ...(await machineChecks({ root, dataDirectory, url: client.url, isUp: !(health instanceof Error) })),
    ...(await xrayChecks(client, health, { asked: requested, heard: seen })),
    ...(await rayChecks(health instanceof Error ? null : health)),
  ];
  const report: DoctorReportWire = { ok: checks.every((check) => check.state !== 'fail'), checks };
  if (options.json) print(JSON.stringify(report));
  else {
    for (const check of checks) {
      print(`${check.state.padEnd(4)}  ${check.id.padEnd(24)}  ${check.message}`);
      if (check.state !== 'ok' && check.whatToDo !== null) print(`${' '.repeat(32)}-> ${check.whatToDo}`);
    }
    const failing = checks.filter((check) => check.state === 'fail').length;
    print(failing === 0 ? 'nothing fails' : `${failing} of ${checks.length} checks fail`);
  }
  return report.ok ? 0 : 1;
}
