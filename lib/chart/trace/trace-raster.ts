/** All rows of a trace as one small picture: which span stands at each pixel, prepared once, painted at any time. */
import type { TraceColumns } from '../../model/trace-columns.ts';
import { nameColour } from '../colour/timeline-colours.ts';
import type { WaterfallRows } from './waterfall.ts';

export interface TraceRaster {
  readonly width: number;
  readonly height: number;
  /** Span at each pixel, row-major; -1 for none. */
  readonly winner: Int32Array;
  /** Span with an error that touches a pixel; -1 for none. */
  readonly failed: Int32Array;
}

/**
 * Rows share pixel lines where they are more than `height`. Of spans on one pixel the lowest row wins, as if they had been
 * painted one over the other; every error is seen. Each pixel is filled once (what is filled is jumped over): O(rows + pixels).
 */
export function traceRaster(columns: TraceColumns, rows: WaterfallRows, width: number, height: number): TraceRaster {
  const count = rows.span.length;
  const total = Math.max(1, columns.durationNs);
  const fill = (passes: (span: number) => boolean): Int32Array => {
    const pixels = new Int32Array(width * height).fill(-1);
    // next[x] of the line at hand: the first free pixel at or after x.
    const next = new Int32Array(width + 1);
    let line = -1;
    const free = (x: number): number => {
      let at = x;
      while (next[at] !== at) {
        const onward = next[at] ?? width;
        next[at] = next[onward] ?? width;
        at = next[at] ?? width;
      }
      return at;
    };
    for (let row = count - 1; row >= 0; row--) {
      const own = count <= height ? row : Math.floor((row * height) / count);
      if (own !== line) {
        line = own;
        for (let x = 0; x <= width; x++) next[x] = x;
      }
      const span = rows.span[row] ?? 0;
      if (!passes(span)) continue;
      const start = columns.start[span] ?? 0;
      const from = Math.min(width - 1, Math.max(0, Math.floor((start / total) * width)));
      const until = Math.min(
        width,
        Math.max(from + 1, Math.ceil(((start + (columns.duration[span] ?? 0)) / total) * width)),
      );
      for (let x = free(from); x < until; x = free(x)) {
        pixels[line * width + x] = span;
        next[x] = x + 1;
      }
    }
    return pixels;
  };
  return {
    width,
    height: Math.max(1, Math.min(height, count)),
    winner: fill(() => true),
    failed: fill((span) => columns.failed[span] === 1),
  };
}

export interface TraceColours {
  /** Colour of a span, `#rrggbb`. */
  readonly of: (span: number) => string;
  /** What colours mean, most spans first. */
  readonly legend: readonly { readonly label: string; readonly colour: string }[];
}

/** Colours by service; by name where all spans are of one service, which would say nothing. */
export function traceColours(columns: TraceColumns): TraceColours {
  const services = new Set(columns.groups.filter((_, i) => columns.group.includes(i)).map(({ service }) => service));
  const byService = services.size > 1;
  const labels = byService ? columns.groups.map(({ service }) => service) : columns.names;
  const keys: ArrayLike<number> = byService ? columns.group : columns.name;
  const counts = new Map<string, number>();
  const perKey = new Uint32Array(labels.length);
  for (let i = 0; i < keys.length; i++) perKey[keys[i] ?? 0] = (perKey[keys[i] ?? 0] ?? 0) + 1;
  labels.forEach((label, key) => {
    counts.set(label, (counts.get(label) ?? 0) + (perKey[key] ?? 0));
  });
  const colours = labels.map(nameColour);
  return {
    of: (span) => colours[keys[span] ?? 0] ?? nameColour(''),
    legend: [...counts]
      .filter(([, spans]) => spans > 0)
      .sort((a, b) => b[1] - a[1])
      .map(([label]) => ({ label, colour: nameColour(label) })),
  };
}
