/** Windows, buckets and words of large timelines; tracks of real tiles are in test/lib/server/tiles/timeline-indexer.test.ts. */
import { describe, expect, it } from 'vitest';
import {
  bucketOf,
  loadedWindow,
  resolutionOf,
  tiledText,
  tracksOfTiles,
} from '../../../../lib/chart/timeline/timeline-tiles.ts';
import { CARRY, decodeTile, encodeTile, packLength, type TimelineTile } from '../../../../lib/model/timeline-tile.ts';

const ORIGIN = 1_790_000_000_000_000_000n;
const tile: TimelineTile = {
  originNs: ORIGIN + 4096n,
  resolution: 10,
  buckets: 8,
  isExact: false,
  begin: Uint32Array.of(0, 3),
  bucket: Uint32Array.of(CARRY, 2, 5),
  tasks: Uint32Array.of(0, 1200, 1),
  failures: Uint32Array.of(0, 2, 0),
  busy: Uint16Array.of(0, 0, 0),
  function: Uint16Array.of(0, 1, 0),
  state: Uint8Array.of(0, 1, 0),
  place: Uint8Array.of(0, 128, 64),
  length: Uint16Array.of(packLength(3000), packLength(200), packLength(100)),
  index: Uint32Array.of(0),
  start: Float64Array.of(-1000),
  duration: Float64Array.of(3000),
  task: new BigUint64Array(0),
  functions: ['synthetic_read', 'synthetic_ünïcödé'],
};
const lanes = {
  fromNs: ORIGIN.toString(),
  toNs: (ORIGIN + 20_000n).toString(),
  nodes: [{ nodeId: 'n', nodeName: 'sim-node-0' }],
  lanes: { key: ['a'], node: [0], workerId: ['w'], pid: [7], actor: [null], depth: [0] },
  running: [{ lane: 0, function: 'synthetic_read', startNs: (ORIGIN + 15_000n).toString() }],
};

describe('tiles of timelines', () => {
  it('come through their binary form unchanged, and nothing else is taken for one', () => {
    const bytes = encodeTile(tile);
    expect(decodeTile(bytes.buffer)).toEqual(tile);
    expect(() => decodeTile(bytes.slice(0, 60).buffer)).toThrow('cut short');
    expect(() => decodeTile(new ArrayBuffer(80))).toThrow('no timeline tile');
    bytes[4] = 3;
    expect(() => decodeTile(bytes.buffer)).toThrow('of version 3');
  });

  it('are tracks: exact where the tile is, within a 256th of a bucket elsewhere, and what runs ends now', () => {
    const tiled = tracksOfTiles(lanes, new Map([[0, tile]]), 30_000);
    const { tracks } = tiled;
    expect([...tracks.start]).toEqual([3096, 4096 + 2.5 * 1024, 4096 + 5.25 * 1024, 15_000]);
    expect(tracks.end[0]).toBe(6096);
    expect(tracks.end[1]).toBeCloseTo(4096 + 2.5 * 1024 + 200, 0);
    expect(tracks.end[3]).toBe(30_000);
    expect([...tiled.counts]).toEqual([0, 1200, 1, 1]);
    expect(tracks.groups).toEqual([{ nodeId: 'n', label: 'sim-node-0', first: 0, last: 1 }]);
    expect(tiledText(tiled, 0)).toBe('synthetic_read, FINISHED, 3 µs');
    expect(tiledText(tiled, 1)).toMatch(/^1,200 attempts, 2 failed; the longest: synthetic_ünïcödé, FAILED, \d/);
    expect(tiledText(tiled, 3)).toBe('synthetic_read, RUNNING, 15 µs so far');
    expect(bucketOf(tile, ORIGIN, tracks.start[1] ?? 0)).toEqual({ from: 4096 + 2048, to: 4096 + 3072 });
  });

  it('are asked for at most a pixel wide, three windows at a time, and not again while they cover the view', () => {
    const extent = { from: 0, to: 1e12 };
    const range = { from: 4e11, to: 5e11 };
    const resolution = resolutionOf(range, 1000);
    expect(2 ** resolution).toBeLessThanOrEqual(1e8);
    expect(2 ** (resolution + 1)).toBeGreaterThan(1e8);
    const window = loadedWindow(range, extent, resolution, null);
    expect(window.from).toBeLessThanOrEqual(3e11);
    expect(window.to).toBeGreaterThanOrEqual(6e11);
    expect(window.to - window.from).toBeLessThan(3.2e11);
    expect(loadedWindow({ from: 3.5e11, to: 4.5e11 }, extent, resolution, window)).toBe(window);
    expect(loadedWindow({ from: 2e11, to: 3e11 }, extent, resolution, window)).not.toBe(window);
    // Air beyond the job is not missing.
    const whole = loadedWindow({ from: -2e10, to: 1.02e12 }, extent, 30, null);
    expect(loadedWindow({ from: -4e10, to: 1e12 }, extent, 30, whole)).toBe(whole);
  });
});
