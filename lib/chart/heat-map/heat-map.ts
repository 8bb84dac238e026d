/**
 * Rows x time as pixels: share of capacity in a fixed domain of 0 to 100 %, never scaled to what is shown, so that one
 * colour means one thing on every page and after every refresh. Wide windows pool by maximum, never by mean.
 *
 *   bins      | .2 | .9 | -- | .4 | .97 |        -- nothing was measured (hatched); 0 is a colour
 *   pixels    | 2 2 9 9 / / 4 4 ! ! |            !  from 95 %: the hue breaks, as Ray's monitor kills there
 *   pooled    | 9   /   ! |                      fewer pixels than bins: the largest of each pixel's bins
 */
import { CIVIDIS } from '../colour/cividis.ts';
import { packColour } from '../colour/timeline-colours.ts';

export interface HeatRow {
  readonly id: string;
  readonly label: string;
  readonly note: string | null;
  /** Bytes; null where nobody says. */
  readonly capacity: number | null;
  /** Bytes per bin; null: nothing was measured. */
  readonly values: readonly (number | null)[];
  /** Largest share of capacity; null where none is known. */
  readonly peak: number | null;
  /** Unix ms of kills, oldest first. */
  readonly kills: readonly HeatKill[];
}

export interface HeatKill {
  readonly timeMs: number;
  readonly name: string;
  readonly kind: string;
}

export interface HeatMapModel {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
  readonly rows: readonly HeatRow[];
  /** Row-major shares, rows x count: NaN missing, UNRATED measured without a known capacity, else 0..1. */
  readonly shares: Float32Array;
}

/** Measured, but against no known capacity. */
export const UNRATED = -1;
/** From this share on the hue breaks; Ray's default RAY_memory_usage_threshold. */
export const CRITICAL_SHARE = 0.95;

export type HeatOrder = 'name' | 'peak' | 'first-kill';
export const HEAT_ORDERS: readonly HeatOrder[] = ['name', 'peak', 'first-kill'];

interface MeasuredHeat {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
  readonly rows: readonly {
    readonly id: string;
    readonly label: string;
    readonly note: string | null;
    readonly capacityBytes: number | null;
    readonly usedBytes: readonly (number | null)[];
  }[];
  readonly kills: readonly {
    readonly timeNs: string;
    readonly rowId: string | null;
    readonly name: string;
    readonly kind: string;
  }[];
}

/** Rows in the wished order, with their kills. Kills without a row are left out: they have no place to be drawn. */
export function prepareHeatMap(measured: MeasuredHeat, order: HeatOrder): HeatMapModel {
  const killsOf = new Map<string, HeatKill[]>();
  for (const { rowId, timeNs, name, kind } of measured.kills) {
    if (rowId === null) continue;
    const kill = { timeMs: Number(BigInt(timeNs) / 1_000_000n), name, kind };
    const known = killsOf.get(rowId);
    if (known) known.push(kill);
    else killsOf.set(rowId, [kill]);
  }
  const rows = measured.rows.map((row): HeatRow => {
    const largest = row.usedBytes.reduce<number | null>(
      (most, value) => (value !== null && (most === null || value > most) ? value : most),
      null,
    );
    return {
      id: row.id,
      label: row.label,
      note: row.note,
      capacity: row.capacityBytes,
      values: row.usedBytes,
      peak: largest !== null && row.capacityBytes ? largest / row.capacityBytes : null,
      kills: (killsOf.get(row.id) ?? []).sort((a, b) => a.timeMs - b.timeMs),
    };
  });
  const firstKill = (row: HeatRow) => row.kills[0]?.timeMs ?? Number.POSITIVE_INFINITY;
  if (order === 'peak') rows.sort((a, b) => (b.peak ?? -1) - (a.peak ?? -1));
  if (order === 'first-kill') rows.sort((a, b) => (firstKill(a) === firstKill(b) ? 0 : firstKill(a) - firstKill(b)));
  const { count } = measured;
  const shares = new Float32Array(rows.length * count).fill(Number.NaN);
  rows.forEach((row, y) => {
    for (let bin = 0; bin < count; bin++) {
      const value = row.values[bin] ?? null;
      if (value !== null) shares[y * count + bin] = row.capacity ? value / row.capacity : UNRATED;
    }
  });
  return { startMs: measured.startMs, stepMs: measured.stepMs, count, rows, shares };
}

export const CRITICAL_COLOUR = '#f0442f';
const STEPS = 256;

const channel = (hex: string, at: number): number => Number.parseInt(hex.slice(at, at + 2), 16);

/** `#rrggbb` of a share of capacity; above 1 counts as 1. */
export function heatColour(share: number): string {
  if (share >= CRITICAL_SHARE) return CRITICAL_COLOUR;
  const at = Math.max(0, share / CRITICAL_SHARE) * (CIVIDIS.length - 1);
  const [low, high] = [CIVIDIS[Math.floor(at)] ?? '#000000', CIVIDIS[Math.ceil(at)] ?? '#000000'];
  const part = (offset: number) =>
    Math.round(channel(low, offset) + (channel(high, offset) - channel(low, offset)) * (at - Math.floor(at)))
      .toString(16)
      .padStart(2, '0');
  return `#${part(1)}${part(3)}${part(5)}`;
}

const RAMP = Uint32Array.from({ length: STEPS }, (_, step) => packColour(heatColour(step / (STEPS - 1))));
const CRITICAL = packColour(CRITICAL_COLOUR);

/** Packed colours (0xAABBGGRR) of what is not on the ramp. */
export interface HeatPaint {
  readonly background: number;
  /** Stripes of cells without a measurement. */
  readonly hatch: number;
  /** Measured without a known capacity. */
  readonly unrated: number;
}

/** The largest share of each pixel's bins into `into` (its length is the width): NaN where none was measured. */
export function poolRow(model: HeatMapModel, row: number, into: Float32Array): void {
  const { count, shares } = model;
  const width = into.length;
  const base = row * count;
  for (let x = 0; x < width; x++) {
    const first = Math.floor((x * count) / width);
    const last = Math.max(first + 1, Math.floor(((x + 1) * count) / width));
    let most = Number.NaN;
    for (let bin = first; bin < last; bin++) {
      const share = shares[base + bin] ?? Number.NaN;
      if (!(share <= most) && !Number.isNaN(share)) most = share;
    }
    into[x] = most;
  }
}

/**
 * Paints rows first..last (exclusive) into `pixels` (width wide, row-major), each `rowHeight` high with one pixel free
 * below where it is at least 4 high. Work: one colour per row and pixel column, then copies of whole lines.
 */
export function paintHeatMap(
  model: HeatMapModel,
  rows: { readonly first: number; readonly last: number; readonly rowHeight: number },
  paint: HeatPaint,
  pixels: Uint32Array,
  width: number,
): void {
  const pooled = new Float32Array(width);
  const line = new Uint32Array(width);
  const gap = rows.rowHeight >= 4 ? 1 : 0;
  for (let row = rows.first; row < rows.last; row++) {
    poolRow(model, row, pooled);
    let missing = false;
    for (let x = 0; x < width; x++) {
      const share = pooled[x] ?? Number.NaN;
      if (share >= CRITICAL_SHARE) line[x] = CRITICAL;
      else if (share >= 0) line[x] = RAMP[(share * (STEPS - 1)) | 0] ?? 0;
      else if (share === UNRATED) line[x] = paint.unrated;
      else {
        line[x] = paint.background;
        missing = true;
      }
    }
    const top = (row - rows.first) * rows.rowHeight;
    for (let y = top; y < top + rows.rowHeight; y++) {
      if (y >= top + rows.rowHeight - gap) {
        pixels.fill(paint.background, y * width, (y + 1) * width);
        continue;
      }
      pixels.set(line, y * width);
      if (!missing) continue;
      for (let x = (6 - (y % 6)) % 6; x < width; x += 6)
        if (Number.isNaN(pooled[x])) pixels[y * width + x] = paint.hatch;
    }
  }
}

export interface HeatCell {
  readonly row: number;
  readonly bin: number;
}

/** Cell under a point of the plot, px from its top left; null outside. */
export function cellAt(
  model: HeatMapModel,
  point: { readonly x: number; readonly y: number },
  plot: { readonly width: number; readonly rowHeight: number },
): HeatCell | null {
  const [row, bin] = [Math.floor(point.y / plot.rowHeight), Math.floor((point.x / plot.width) * model.count)];
  if (row < 0 || row >= model.rows.length || bin < 0 || bin >= model.count) return null;
  return { row, bin };
}

/** Px from the left of the plot of a moment. */
export const heatX = (model: HeatMapModel, timeMs: number, width: number): number =>
  ((timeMs - model.startMs) / (model.stepMs * model.count)) * width;

/** Start and end of a bin, Unix ms. */
export const binWindow = (model: HeatMapModel, bin: number): readonly [fromMs: number, toMs: number] => [
  model.startMs + bin * model.stepMs,
  model.startMs + (bin + 1) * model.stepMs,
];

/** The bin that holds a moment; -1 outside the window. */
export function binAt(model: HeatMapModel, timeMs: number): number {
  const bin = Math.floor((timeMs - model.startMs) / model.stepMs);
  return bin >= 0 && bin < model.count ? bin : -1;
}

/** Height of a row in px: as high as fits, between 5 and 26. */
export const heatRowHeight = (rows: number, available: number): number =>
  Math.max(5, Math.min(26, Math.floor(available / Math.max(1, rows))));
