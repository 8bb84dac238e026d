/** What one looks at on a timeline, in the address: absolute instants in ns, so that a link means the same tomorrow. */
import { COLOUR_MODES, type ColourMode } from '../../lib/chart/timeline-colours.ts';
import type { TimeRange } from '../../lib/chart/timeline-raster.ts';
import type { TimelineWire } from '../../lib/contract/jobs.ts';

export interface TimelineAddress {
  readonly mode: ColourMode;
  readonly search: string;
  readonly state: string;
  /** Offsets in ns from the origin of the answer; null: all of the job. */
  readonly range: TimeRange | null;
  /** `taskId:attempt`, or '' where nothing is selected. */
  readonly picked: string;
}

/** Name of an attempt that outlives the answer: `taskId:attempt`. */
export const keyOf = (data: TimelineWire, row: number): string =>
  `${data.columns.taskId[row] ?? ''}:${data.columns.attempt[row] ?? 0}`;

/** Reads from, to, sel, color, q and state of the page's address; what cannot be read is left at its preset. */
export function readAddress(data: TimelineWire): TimelineAddress {
  const query = new URLSearchParams(window.location.search);
  const offset = (name: string): number => {
    const text = query.get(name) ?? '';
    return /^\d{1,19}$/.test(text) ? Number(BigInt(text) - BigInt(data.originNs)) : Number.NaN;
  };
  const range = { from: offset('from'), to: offset('to') };
  return {
    mode: COLOUR_MODES.find((mode) => mode === query.get('color')) ?? 'function',
    search: query.get('q') ?? '',
    state: query.get('state') ?? '',
    range: range.to > range.from ? range : null,
    picked: query.get('sel') ?? '',
  };
}

/** Writes the address without a new entry in the history; other parameters stay. */
export function writeAddress(originNs: string, view: TimelineAddress): void {
  const query = new URLSearchParams(window.location.search);
  const put = (name: string, value: string) => (value === '' ? query.delete(name) : query.set(name, value));
  const instant = (at: number | undefined) =>
    at === undefined ? '' : String(BigInt(originNs) + BigInt(Math.round(at)));
  put('from', instant(view.range?.from));
  put('to', instant(view.range?.to));
  put('sel', view.picked);
  put('color', view.mode === 'function' ? '' : view.mode);
  put('q', view.search);
  put('state', view.state);
  const text = query.toString();
  const address = text === '' ? window.location.pathname : `${window.location.pathname}?${text}`;
  if (address !== window.location.pathname + window.location.search) window.history.replaceState(null, '', address);
}
