/** What is lost of the store, and what is wrong with its clock, each in a sentence with what to do. */
import type { ClockState, Loss } from '../../store/store-state.ts';

export interface Sentence {
  readonly reason: string;
  readonly whatToDo: string;
}

export const CHECK = 'run `npm run -s xray -- doctor --store`';
const count = (rows: number): string => rows.toLocaleString('en-US');
const minute = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ');
const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
/** Tables that are named; the rest is counted. */
const NAMED = 3;

/** `300 rows of otel_traces from 2026-11-30 00:00 to 23:59 UTC`. */
export function lostOf(table: string, losses: readonly Loss[]): string {
  const known = losses.reduce((sum, loss) => sum + (loss.rows ?? 0), 0);
  const isPartly = losses.some((loss) => loss.rows === null);
  const rows =
    known === 0
      ? 'an unknown number of rows'
      : `${isPartly ? 'at least ' : ''}${count(known)} row${known === 1 ? '' : 's'}`;
  const from = losses.flatMap((loss) => loss.from ?? []);
  const to = losses.flatMap((loss) => loss.to ?? []);
  const verb = losses.every((loss) => loss.isOwnTime) ? '' : 'stored ';
  const until = to.length > 0 ? minute(Math.max(...to)) : null;
  const since = from.length === losses.length ? minute(Math.min(...from)) : null;
  const when =
    until === null ? '' : since === null ? `, ${verb}until ${until} UTC` : `, ${verb}from ${since} to ${until} UTC`;
  return `${rows} of ${table}${when}`;
}

/** Null where nothing is open. */
export function lossText(open: readonly Loss[]): Sentence | null {
  if (open.length === 0) return null;
  const tables = new Map<string, Loss[]>();
  for (const loss of open) {
    const list = tables.get(loss.table);
    if (list) list.push(loss);
    else tables.set(loss.table, [loss]);
  }
  const named = [...tables].slice(0, NAMED).map(([table, losses]) => lostOf(table, losses));
  const more = tables.size > NAMED ? ` and rows of ${tables.size - NAMED} more tables` : '';
  const parts = `${open.length} damaged or missing part${open.length === 1 ? '' : 's'} of the store`;
  return {
    reason: `${parts}: ${named.join('; ')}${more} cannot be read as they were stored`,
    whatToDo: `${CHECK}: it lists them, --repair takes back what is readable, --accept acknowledges the loss`,
  };
}

/** Null where the clock is plausible. */
export function clockText(clock: ClockState, now: number): Sentence | null {
  const days = Math.round(Math.abs(now - clock.time) / 86_400_000);
  const far = `${days} day${days === 1 ? '' : 's'}`;
  const confirm = `correct the clock of this machine, or, where it is right, run \`npm run -s xray -- doctor --store --confirm-clock\``;
  if (clock.ahead !== null)
    return {
      reason: `the clock of this machine says ${day(now)}, ${far} ahead of the time up to which X-Ray ran (${day(clock.time)}): retention deletes nothing until that is confirmed`,
      whatToDo: confirm,
    };
  if (clock.behind !== null)
    return {
      reason: `the clock of this machine says ${day(now)}, ${far} behind the time that X-Ray has seen (${day(clock.time)}): retention deletes nothing until it is right`,
      whatToDo: confirm,
    };
  return null;
}
