import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TimelineColumns } from '../../../../lib/chart/timeline/timeline-columns.ts';
import { prepareTracks, withNow } from '../../../../lib/chart/timeline/timeline-lanes.ts';
import { longestIn, paintTracks, pixelOf, rasterTrack } from '../../../../lib/chart/timeline/timeline-raster.ts';
import { lane, readPicture as read, timeline } from './timeline-pictures.ts';

/** Tracks as text, one line each: letters by function, capitals where a pixel holds a failure. */
function draw(input: TimelineColumns, width: number, range = { from: 0, to: width * 10 }): string[] {
  const tracks = prepareTracks(input);
  const into = { winner: new Int32Array(width), failed: new Uint8Array(width) };
  return tracks.tracks.map((_, track) => {
    rasterTrack(tracks, track, range, into);
    return [...into.winner]
      .map((slice, x) => {
        if (slice === -1) return '.';
        const letter = input.functions[tracks.functionIndex[slice] ?? 0] ?? '?';
        return into.failed[x] === 1 ? letter.toUpperCase() : letter;
      })
      .join('');
  });
}

describe('tracks', () => {
  it('puts overlapping attempts of one worker one depth down and reuses a free depth', () => {
    const input = timeline(
      [
        { lane: 0, start: 0, end: 100, name: 'a' },
        { lane: 0, start: 50, end: 150, name: 'b' },
        { lane: 0, start: 100, end: 120, name: 'c' },
      ],
      [lane('n0', 1)],
    );
    expect(draw(input, 16)).toEqual(['aaaaaaaaaacc....', '.....bbbbbbbbbb.']);
  });

  it('keeps two raylets on one address apart and says which is which', () => {
    const input = timeline(read('a--a\nb--b\nc--c'), [lane('bb', 2, 'ip'), lane('aa', 1, 'ip'), lane('bb', 1, 'ip')]);
    const tracks = prepareTracks(input);
    expect(tracks.groups).toEqual([
      { nodeId: 'aa', label: 'ip aa', first: 0, last: 1 },
      { nodeId: 'bb', label: 'ip bb', first: 1, last: 3 },
    ]);
    expect(draw(input, 4)).toEqual(['bbbb', 'cccc', 'aaaa']);
  });

  it('counts what never ran and does not draw it', () => {
    const input = timeline(
      [
        { lane: -1, start: null, end: null },
        { lane: 0, start: null, end: 5 },
        { lane: 0, start: 1, end: 5 },
      ],
      [lane('n', 1)],
    );
    expect(prepareTracks(input).neverRan).toBe(2);
  });
});

describe('order and now', () => {
  const drawn = read('a--a\nb-----b\nC-C.....c\n...D-D');
  const lanes = [lane('n1', 1), lane('n1', 2), lane('n2', 3), lane('n2', 4)];
  const labels = (order: 'node' | 'failure' | 'longest') =>
    prepareTracks(timeline(drawn, lanes), { order }).tracks.map(({ label }) => label);

  it('orders nodes and their workers by name, first failure or longest attempt', () => {
    expect(labels('node')).toEqual(['worker 1', 'worker 2', 'worker 3', 'worker 4']);
    expect(labels('failure')).toEqual(['worker 3', 'worker 4', 'worker 1', 'worker 2']);
    expect(labels('longest')).toEqual(['worker 2', 'worker 1', 'worker 3', 'worker 4']);
  });

  it('takes answers that are not sorted by start', () => {
    const rows = read('a--a.b--b.c-c');
    expect(draw(timeline([...rows].reverse(), [lane('n', 1)]), 13)).toEqual(['aaaa.bbbb.ccc']);
  });

  it('lets running attempts grow without touching the tracks they came from', () => {
    const input = timeline(read('a--a.b->\nc---c'), [lane('n', 1), lane('n', 2)], 80);
    const before = prepareTracks(input);
    const after = withNow(before, 300);
    expect([before.end[1], after.end[1], after.extent.to]).toEqual([80, 300, 300]);
    expect(longestIn(before, 0, 3)).toBe(2);
    expect(longestIn(after, 0, 3)).toBe(1);
    const still = prepareTracks(timeline(read('a--a'), [lane('n', 1)]));
    expect(withNow(still, 300)).toBe(still);
  });
});

describe('raster', () => {
  it('reports the slices that are wide enough for text, and puts failures on a solid foot', () => {
    const tracks = prepareTracks(timeline(read('a------ab-bC-----C'), [lane('n', 1)]));
    const pixels = new Uint32Array(18 * 8);
    const runs = paintTracks(
      tracks,
      [{ track: 0, top: 0, height: 8 }],
      { from: 0, to: 180 },
      { colours: new Uint32Array(3).fill(1), failure: 9, background: 0, runningEdge: 2 },
      pixels,
      18,
      6,
    );
    expect(runs.map(({ slice, left, right }) => [slice, left, right])).toEqual([
      [0, 0, 7],
      [2, 11, 18],
    ]);
    expect(pixels.slice(18 * 7).join('')).toBe('111111101109999999');
  });

  it('draws a running attempt up to now', () => {
    expect(draw(timeline(read('a--a..b--->'), [lane('n', 1)], 140), 16)).toEqual(['aaaa..bbbbbbbb..']);
  });

  it('never loses a failure or a straggler when zoomed out', () => {
    const input = timeline(read('aaBBaa..c------------c....DDaa'), [lane('n', 1)], 10);
    expect(draw(input, 3, { from: 0, to: 300 })).toEqual(['CcC']);
  });

  it('paints failures hatched and leaves a pixel between slices', () => {
    const tracks = prepareTracks(timeline(read('a---ab---bC---C'), [lane('n', 1)]));
    const pixels = new Uint32Array(15 * 2);
    paintTracks(
      tracks,
      [{ track: 0, top: 0, height: 2 }],
      { from: 0, to: 150 },
      { colours: new Uint32Array(3).fill(1), failure: 9, background: 0, runningEdge: 2 },
      pixels,
      15,
    );
    expect(pixels.slice(0, 15).join('')).toBe('111101111091991');
    expect(pixels.slice(15).join('')).toBe('111101111099911');
  });

  const slices = fc.array(
    fc.record({
      lane: fc.integer({ min: 0, max: 2 }),
      start: fc.integer({ min: 0, max: 2000 }),
      length: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 700 })),
      failed: fc.boolean(),
    }),
    { maxLength: 120 },
  );
  it('agrees with brute force: longest slice and every failure of each pixel', () => {
    fc.assert(
      fc.property(
        slices,
        fc.integer({ min: -100, max: 1900 }),
        fc.integer({ min: 1, max: 2500 }),
        fc.integer({ min: 1, max: 60 }),
        (drawn, from, span, width) => {
          const input = timeline(
            drawn.map(({ lane: at, start, length, failed }) => ({ lane: at, start, end: start + length, failed })),
            [lane('n', 1), lane('n', 2), lane('m', 1)],
          );
          const tracks = prepareTracks(input);
          const range = { from, to: from + span };
          const into = { winner: new Int32Array(width), failed: new Uint8Array(width) };
          for (let track = 0; track < tracks.tracks.length; track++) {
            rasterTrack(tracks, track, range, into);
            const winner = new Int32Array(width).fill(-1);
            const failed = new Uint8Array(width);
            for (let i = tracks.trackBegin[track] ?? 0; i < (tracks.trackBegin[track + 1] ?? 0); i++) {
              const [start, end] = [tracks.start[i] ?? 0, tracks.end[i] ?? 0];
              if (start >= range.to || (end <= range.from && start < range.from)) continue;
              const first = pixelOf(start, range, width);
              const stop = Math.max(first + 1, Math.ceil(((end - from) / span) * width));
              for (let x = Math.max(0, first); x < Math.min(width, stop); x++) {
                const held = winner[x] ?? -1;
                const longer = held === -1 || end - start > (tracks.end[held] ?? 0) - (tracks.start[held] ?? 0);
                if (longer) winner[x] = i;
                if (tracks.failed[i] === 1) failed[x] = 1;
              }
            }
            expect([...into.winner]).toEqual([...winner]);
            expect([...into.failed]).toEqual([...failed]);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
