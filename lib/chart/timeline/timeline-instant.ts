/** Instants in an address: absolute Unix time, so that a link means the same tomorrow, as offsets from an origin. */
import { parseUnixTime } from '../../model/timestamp.ts';
import type { TimeRange } from './timeline-raster.ts';

/** Unix s, ms, us or ns (lib/model/timestamp.ts) as an offset in ns. */
export function readInstant(text: string | null, originNs: string): number | null {
  const time = text === null ? null : parseUnixTime(text);
  return time === null ? null : Number(time - BigInt(originNs));
}

/** Null where either end cannot be read or the window is empty. */
export function readRange(from: string | null, to: string | null, originNs: string): TimeRange | null {
  const range = { from: readInstant(from, originNs), to: readInstant(to, originNs) };
  return range.from !== null && range.to !== null && range.to > range.from ? { from: range.from, to: range.to } : null;
}

/** An offset in ns as Unix ns. */
export const writeInstant = (offset: number, originNs: string): string =>
  String(BigInt(originNs) + BigInt(Math.round(offset)));

/** Unix ms of an offset, for the cursor that all charts share. */
export const offsetToMs = (offset: number, originNs: string): number =>
  Number(BigInt(originNs) / 1_000_000n) + (Number(BigInt(originNs) % 1_000_000n) + offset) / 1e6;

/**
 * The window to ask a server for, so that panning does not ask again: three times what is seen, its ends on multiples of
 * a quarter of the power of two above the span.
 *
 *   asked    |----------|==seen==|----------|
 */
export function requestedWindow(seen: TimeRange): TimeRange {
  const span = Math.max(1, seen.to - seen.from);
  const grid = 2 ** Math.ceil(Math.log2(span)) / 4;
  return { from: Math.floor((seen.from - span) / grid) * grid, to: Math.ceil((seen.to + span) / grid) * grid };
}
