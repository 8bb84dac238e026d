import { describe, expect, it } from 'vitest';
import { packColour } from '../../../../lib/chart/colour/timeline-colours.ts';
import {
  binAt,
  CRITICAL_COLOUR,
  cellAt,
  type HeatMapModel,
  heatColour,
  heatRowHeight,
  heatX,
  paintHeatMap,
  poolRow,
  prepareHeatMap,
} from '../../../../lib/chart/heat-map/heat-map.ts';

const STEP = 10_000;
const START = 1_700_000_000_000;

/** Rows of digits: tenths of a capacity of 10; `!` 9.7, `-` missing, `?` before the row: no capacity. */
function read(picture: string, order: Parameters<typeof prepareHeatMap>[1] = 'name', kills: [string, number][] = []) {
  const lines = picture
    .trim()
    .split('\n')
    .map((line) => line.trim());
  return prepareHeatMap(
    {
      startMs: START,
      stepMs: STEP,
      count: Math.max(...lines.map((line) => line.split(' ')[1]?.length ?? 0)),
      rows: lines.map((line) => {
        const [name = '', cells = ''] = line.split(' ');
        return {
          id: name,
          label: name,
          note: null,
          capacityBytes: name.startsWith('?') ? null : 10,
          usedBytes: [...cells].map((sign) => (sign === '-' ? null : sign === '!' ? 9.7 : Number(sign))),
        };
      }),
      kills: kills.map(([rowId, bin]) => ({
        rowId,
        timeNs: String(BigInt(START + bin * STEP) * 1_000_000n),
        name: 'grow',
        kind: 'task',
      })),
    },
    order,
  );
}

const PAINT = { background: 1, hatch: 2, unrated: 3 };
/** Painted pixels as text: tenths, `!` critical, `.` background, `/` hatch, `u` without capacity. */
function draw(model: HeatMapModel, width: number, rowHeight: number): string[] {
  const pixels = new Uint32Array(width * rowHeight * model.rows.length);
  paintHeatMap(model, { first: 0, last: model.rows.length, rowHeight }, PAINT, pixels, width);
  const signs = new Map<number, string>([
    [1, '.'],
    [2, '/'],
    [3, 'u'],
    [packColour(CRITICAL_COLOUR), '!'],
  ]);
  for (let tenth = 9; tenth >= 0; tenth--)
    signs.set(packColour(heatColour(Math.floor((tenth / 10) * 255) / 255)), String(tenth));
  return Array.from({ length: rowHeight * model.rows.length }, (_, y) =>
    [...pixels.slice(y * width, (y + 1) * width)].map((colour) => signs.get(colour) ?? '#').join(''),
  );
}

describe('the prepared heat map', () => {
  it('as a picture: values, a gap, zero, the critical hue, no capacity', () => {
    expect(draw(read('a 0159!-\nb ------\n?c 121212'), 6, 1)).toEqual(['0159!.', '...../', 'uuuuuu']);
  });

  it('pools by maximum where there are fewer pixels than bins, and a gap only where all bins are missing', () => {
    const into = new Float32Array(3);
    poolRow(read('a 1-9-2----'.padEnd(11, '-')), 0, into);
    expect([...into].map((share) => (Number.isNaN(share) ? '-' : Math.round(share * 10)))).toEqual([9, 2, '-']);
  });

  it('repeats a bin where there are more pixels', () => {
    expect(draw(read('a 18'), 6, 1)).toEqual(['111888']);
  });

  it('hatches what is missing and leaves a line between rows', () => {
    const lines = draw(read('a 5-\nb 55'), 12, 4);
    expect(lines.map((line) => line.replaceAll('.', ' '))).toMatchInlineSnapshot(`
      [
        "555555/     ",
        "555555     /",
        "555555    / ",
        "            ",
        "555555555555",
        "555555555555",
        "555555555555",
        "            ",
      ]
    `);
  });

  it('the hue breaks at 95 %, and more than the capacity is not off the ramp', () => {
    expect(heatColour(0.949)).not.toBe(CRITICAL_COLOUR);
    expect([0.95, 1, 1.2].map(heatColour)).toEqual([CRITICAL_COLOUR, CRITICAL_COLOUR, CRITICAL_COLOUR]);
    expect(heatColour(0)).toBe('#00224e');
  });

  it('reads colours as a built style sheet shortens them', () => {
    expect(packColour('#fff')).toBe(packColour('#ffffff'));
    expect(packColour('#1a2')).toBe(packColour('#11aa22'));
  });

  it('lightness rises along the ramp', () => {
    const light = Array.from({ length: 95 }, (_, share) => {
      const hex = heatColour(share / 100);
      const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    });
    expect(light.every((value, i) => i === 0 || value >= (light[i - 1] ?? 0) - 1)).toBe(true);
  });

  it.each([
    ['name', ['a', 'b', 'c']],
    ['peak', ['b', 'c', 'a']],
    ['first-kill', ['c', 'a', 'b']],
  ] as const)('orders rows by %s', (order, expected) => {
    const rows = read('a 12\nb 9-\nc 55', order, [
      ['a', 1],
      ['c', 0],
    ]).rows;
    expect(rows.map((row) => row.id)).toEqual(expected);
  });

  it('finds cells and moments', () => {
    const model = read('a 1234\nb 5678');
    const plot = { width: 400, rowHeight: 20 };
    expect(cellAt(model, { x: 399, y: 39 }, plot)).toEqual({ row: 1, bin: 3 });
    expect(cellAt(model, { x: 400, y: 0 }, plot)).toBeNull();
    expect(cellAt(model, { x: 0, y: 40 }, plot)).toBeNull();
    expect(heatX(model, START + 2 * STEP, 400)).toBe(200);
    expect([START - 1, START, START + 4 * STEP - 1, START + 4 * STEP].map((time) => binAt(model, time))).toEqual([
      -1, 0, 3, -1,
    ]);
    expect([1, 20, 1000].map((rows) => heatRowHeight(rows, 420))).toEqual([26, 21, 5]);
  });

  it('1000 rows x 1440 bins: painting costs a small multiple of one pass over cells and pixels', () => {
    const rows = 1000;
    const count = 1440;
    const model: HeatMapModel = {
      startMs: START,
      stepMs: STEP,
      count,
      rows: read(Array.from({ length: rows }, (_, i) => `r${i} 1`).join('\n')).rows,
      shares: Float32Array.from({ length: rows * count }, (_, i) => (i % 97 === 0 ? Number.NaN : (i % 101) / 100)),
    };
    const width = 1200;
    const pixels = new Uint32Array(width * rows * 5);
    const best = (run: () => void): number => {
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 7; i++) {
        const before = performance.now();
        run();
        least = Math.min(least, performance.now() - before);
      }
      return least;
    };
    const paint = best(() => paintHeatMap(model, { first: 0, last: rows, rowHeight: 5 }, PAINT, pixels, width));
    // The same machine, now: one scalar pass over every cell and every pixel, which any painter has to make.
    let sum = 0;
    const pass = best(() => {
      for (let i = 0; i < model.shares.length; i++) sum += model.shares[i] ?? 0;
      for (let i = 0; i < pixels.length; i++) pixels[i] = i;
    });
    expect(Number.isNaN(sum)).toBe(true);
    console.info(
      `heat map of ${rows} x ${count}: ${paint.toFixed(1)} ms; one pass over cells and pixels: ${pass.toFixed(1)} ms`,
    );
    expect(paint / pass).toBeLessThan(6);
  });
});
