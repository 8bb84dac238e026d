/** The server's picture of a large timeline, and the PNG in it read back; that it is what canvases show is tested in a browser. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { crc32, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CANVAS_THEMES, type CanvasTheme, THEME_PROPERTIES } from '../../../../lib/chart/colour/canvas-theme.ts';
import { nameColour, packColour } from '../../../../lib/chart/colour/timeline-colours.ts';
import { AXIS_HEIGHT, HEADER_HEIGHT, labelsWidth } from '../../../../lib/chart/timeline/timeline-layout.ts';
import { timelinePicture } from '../../../../lib/chart/timeline/timeline-picture.ts';
import { packLength, type TimelineTile } from '../../../../lib/model/timeline-tile.ts';
import { encodePng } from '../../../../lib/server/tiles/png.ts';

/** Pixels of an RGB PNG whose lines have filter 0 or 2, by the W3C's words; sums of all its chunks are checked. */
function readPng(png: Buffer): { width: number; height: number; pixels: number[] } {
  expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length; ) {
    const size = png.readUInt32BE(at);
    expect(png.readUInt32BE(at + 8 + size)).toBe(crc32(png.subarray(at + 4, at + 8 + size)));
    chunks.set(png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + size));
    at += 12 + size;
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND']);
  const header = chunks.get('IHDR') ?? Buffer.alloc(13);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  expect([...header.subarray(8)]).toEqual([8, 2, 0, 0, 0]);
  const lines = inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0));
  const bytes = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const line = lines.subarray(y * (width * 3 + 1), (y + 1) * (width * 3 + 1));
    for (let x = 0; x < width * 3; x++)
      bytes[y * width * 3 + x] =
        (line[x + 1] ?? 0) + (line[0] === 2 && y > 0 ? (bytes[(y - 1) * width * 3 + x] ?? 0) : 0);
  }
  const pixels = Array.from(
    { length: width * height },
    (_, i) =>
      ((255 << 24) | ((bytes[3 * i + 2] ?? 0) << 16) | ((bytes[3 * i + 1] ?? 0) << 8) | (bytes[3 * i] ?? 0)) >>> 0,
  );
  return { width, height, pixels };
}

describe('PNG', () => {
  it('holds every pixel', async () => {
    const image = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 12 })).chain(([width, height]) =>
      fc.record({
        width: fc.constant(width),
        height: fc.constant(height),
        pixels: fc.array(
          fc.integer({ min: 0, max: 0xffffff }).map((colour) => (colour | (255 << 24)) >>> 0),
          { minLength: width * height, maxLength: width * height },
        ),
      }),
    );
    await fc.assert(
      fc.asyncProperty(image, async ({ width, height, pixels }) => {
        expect(readPng(await encodePng(Uint32Array.from(pixels), width, height))).toEqual({ width, height, pixels });
      }),
      { numRuns: 60 },
    );
  });
});

describe('themes of canvases', () => {
  it('are those of the style sheet', () => {
    const sheet = readFileSync(resolve(import.meta.dirname, '../../../../app/globals.css'), 'utf8');
    const blocks = { dark: sheet.split(':root {')[1], light: sheet.split('[data-theme="light"] {')[1] };
    for (const theme of ['dark', 'light'] as const)
      for (const [name, property] of Object.entries(THEME_PROPERTIES))
        expect([theme, name, CANVAS_THEMES[theme][name as keyof CanvasTheme]]).toEqual([
          theme,
          name,
          new RegExp(`${property}: (#[0-9a-f]+);`).exec(blocks[theme]?.split('}')[0] ?? '')?.[1],
        ]);
  });
});

const ORIGIN = 1_790_000_000_000_000_000n;
/** One lane with one slice in the middle fifth of ten buckets, as long as two of them. */
const tile: TimelineTile = {
  originNs: ORIGIN,
  resolution: 20,
  buckets: 10,
  isExact: false,
  begin: Uint32Array.of(0, 1),
  bucket: Uint32Array.of(4),
  tasks: Uint32Array.of(1),
  failures: Uint32Array.of(0),
  busy: Uint16Array.of(0),
  function: Uint16Array.of(0),
  state: Uint8Array.of(0),
  place: Uint8Array.of(0),
  length: Uint16Array.of(packLength(2 * 2 ** 20)),
  index: Uint32Array.of(0),
  start: Float64Array.of(4 * 2 ** 20),
  duration: Float64Array.of(2 * 2 ** 20),
  task: new BigUint64Array(0),
  functions: ['synthetic_f'],
};
const answer = (nodeName: string) => ({
  fromNs: ORIGIN.toString(),
  toNs: (ORIGIN + 10n * 2n ** 20n).toString(),
  nodes: [{ nodeId: 'n', nodeName }],
  lanes: { key: ['a'], node: [0], workerId: ['w'], pid: [7], actor: [null], depth: [0] },
  running: [],
});

describe('the picture of a timeline', () => {
  it('has slices where they ran, in the colours of canvases', () => {
    const size = { width: 1000, windowHeight: 900, scale: 1 };
    const { pixels, width, height } = timelinePicture(answer('sim-node-0'), tile, 0, size, CANVAS_THEMES.light);
    expect(width).toBe(1000 - labelsWidth(1000));
    const row = HEADER_HEIGHT + 9;
    expect(height).toBeGreaterThan(row);
    const line = Array.from(pixels.subarray(row * width, (row + 1) * width));
    const colour = packColour(nameColour('synthetic_f'));
    // 2 % of air on both sides.
    const at = (share: number) => ((share + 0.02) / 1.04) * width;
    expect(line.indexOf(colour)).toBe(Math.floor(at(0.4)));
    expect(Math.abs(line.lastIndexOf(colour) - at(0.6))).toBeLessThanOrEqual(2);
    expect(new Set(line)).toEqual(new Set([colour, packColour(CANVAS_THEMES.light.panel)]));
  });

  it('names nodes and workers as text that can be nothing else', () => {
    const size = { width: 400, windowHeight: 900, scale: 2 };
    const { svg, width } = timelinePicture(answer('<b>&"\u0001node'), tile, 0, size, CANVAS_THEMES.dark);
    expect(width).toBe(2 * (400 - labelsWidth(400)));
    const text = svg('data:image/png;base64,AAAA');
    expect(text).toContain('>&lt;b&gt;&amp;&quot;node</text>');
    expect(text).toContain('>worker 7</text>');
    expect(text).toContain(`y="${AXIS_HEIGHT}" width="${width / 2}"`);
    expect(text).not.toContain('<b>');
    expect(text).not.toContain('textLength');
    const long = timelinePicture(answer('a-node-with-a-name-that-is-too-long'), tile, 0, size, CANVAS_THEMES.dark);
    expect(long.svg('')).toContain(`textLength="${labelsWidth(400) - 26}"`);
  });
});
