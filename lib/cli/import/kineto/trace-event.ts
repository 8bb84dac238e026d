/** One event of a Chrome trace, decoded field by field: what is wrong with one costs the event only where nothing can stand in. */
import { microsecondsToNs } from './decimal-time.ts';

export type Args = Readonly<Record<string, unknown>>;

export interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly cat: string;
  /** In the file's own time; null where the event has none. */
  readonly ns: bigint | null;
  /** ns; null where the event has none. */
  readonly durationNs: bigint | null;
  readonly pid: string;
  readonly tid: string;
  readonly id: string;
  readonly args: Args;
}

const isFields = (value: unknown): value is Args =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
const shown = (value: unknown): string => (JSON.stringify(value) ?? 'undefined').slice(0, 60);

/** The event, or why it is none. `durationNs` of a complete event (phase X) may be null or negative: then its end is not known. */
export function decodeEvent(value: unknown): TraceEvent | { readonly error: string } {
  if (!isFields(value)) return { error: 'not an event of a Chrome trace: it is not an object' };
  const { ph, ts, dur } = value;
  if (typeof ph !== 'string') return { error: 'not an event of a Chrome trace: it has no phase (ph)' };
  const ns = ts === undefined || ts === null ? null : microsecondsToNs(ts);
  const durationNs = dur === undefined || dur === null ? null : microsecondsToNs(dur);
  if (ph === 'X' || ph === 'B' || ph === 'E') {
    if (ns === null) return { error: ts == null ? 'an event without ts' : `ts is ${shown(ts)}: expected microseconds` };
    if (durationNs === null && dur != null) return { error: `dur is ${shown(dur)}: expected microseconds` };
  }
  return {
    ph,
    name: text(value.name),
    cat: text(value.cat),
    ns,
    durationNs,
    pid: text(value.pid),
    tid: text(value.tid),
    id: text(value.id),
    args: isFields(value.args) ? value.args : {},
  };
}

/** A whole number that is not negative, also as text; null where it is none. */
export const wholeNumber = (value: unknown): number | null => {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value.trim()) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null;
};
