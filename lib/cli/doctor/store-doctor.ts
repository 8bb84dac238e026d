/** `xray doctor --store`: what the store has lost and what is to be done, by the X-Ray that runs, else by opening the store. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type StoreActionWire, type StoreLossWire, StoreReport, type StoreReportWire } from '../../contract/store.ts';
import { UsageError } from '../usage-error.ts';
import type { XrayClient } from '../xray-client.ts';

const PROCESS = fileURLToPath(new URL('../../server/store/doctor-process.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export interface StoreDoctorOptions {
  readonly json: boolean;
  /** Absolute. */
  readonly dataDirectory: string;
  /** Null: only look. */
  readonly action: StoreActionWire['action'] | null;
}

/** Resolves with the exit code: 0 nothing is open, 1 something is, or the store cannot be opened. Rejects with UsageError. */
export async function runStoreDoctor(
  client: XrayClient,
  options: StoreDoctorOptions,
  print: (line: string) => void,
): Promise<number> {
  const isUp = await client.health().then(
    () => true,
    (error: unknown) => {
      // It wants another token: it runs, and the store is in its hands.
      if (error instanceof Error && error.message.includes('wants a token')) throw error;
      return false;
    },
  );
  const report = isUp ? await client.store(options.action) : await openStore(options);
  if (options.json) print(JSON.stringify(report));
  else for (const line of lines(report)) print(line);
  return report.ok ? 0 : 1;
}

async function openStore({ action, dataDirectory }: StoreDoctorOptions): Promise<StoreReportWire> {
  const child = spawn(process.execPath, [PROCESS, action ?? 'report'], {
    cwd: ROOT,
    env: { ...process.env, XRAY_DATA_DIR: dataDirectory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, words] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words += text;
  });
  const code = await new Promise<number | null>((done, fail) => {
    child.on('error', fail);
    child.on('close', done);
  });
  if (code === 0) return StoreReport.parse(JSON.parse(out));
  const sentence = words.trim().split('\n').at(-1) ?? 'no reason was given';
  throw new UsageError(`the store cannot be opened: ${sentence}`, `data directory: ${dataDirectory}`);
}

const minute = (time: string | null): string => (time === null ? 'unknown' : time.slice(0, 16).replace('T', ' '));

function lossLine(loss: StoreLossWire): string {
  const rows = loss.rows === null ? 'unknown number of' : loss.rows.toLocaleString('en-US');
  const what = loss.isOwnTime ? '' : 'stored ';
  return `${loss.state.padEnd(8)}  ${loss.id}: ${rows} rows, ${what}${minute(loss.from)} to ${minute(loss.to)} UTC; ${loss.reason}`;
}

function lines(report: StoreReportWire): string[] {
  const open = report.losses.filter((loss) => loss.state === 'open').length;
  return [
    ...report.losses.map(lossLine),
    report.losses.length === 0 ? 'no loss is known' : `${open} of ${report.losses.length} losses are open`,
    ...(open > 0 ? ['-> --repair takes back what is readable, --accept acknowledges the rest'] : []),
    report.clock.reason === null
      ? `retention counts from ${minute(report.clock.retentionTime)} UTC`
      : `${report.clock.reason}\n-> correct the clock, or --confirm-clock where it is right`,
    `durability: ${report.durability}`,
  ];
}
