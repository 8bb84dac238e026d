import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paintDensity, trackDensity } from '../../../../lib/chart/timeline/timeline-density.ts';
import { prepareTracks } from '../../../../lib/chart/timeline/timeline-lanes.ts';
import { lane, readPicture, timeline } from './timeline-pictures.ts';

describe('density', () => {
  it('is the share of busy tracks, with every failure', () => {
    const tracks = prepareTracks(timeline(readPicture('a--a....\n..B-B...'), [lane('n', 1), lane('n', 2)]));
    const density = trackDensity(tracks, 0, 2, { from: 0, to: 80 }, 8);
    expect([...density.busy]).toEqual([0.5, 0.5, 1, 1, 0.5, 0, 0, 0]);
    expect(density.failed.join('')).toBe('00111000');
  });

  it('paints at least a pixel where anything ran, and failures at the foot', () => {
    const pixels = new Uint32Array(3 * 4);
    const density = { busy: Float32Array.from([0, 0.01, 1]), failed: Uint8Array.from([0, 0, 1]) };
    paintDensity(density, { top: 0, height: 4 }, { failure: 9, colour: 1 }, pixels, 3);
    expect(Array.from({ length: 4 }, (_, y) => pixels.slice(y * 3, y * 3 + 3).join(''))).toEqual([
      '001',
      '001',
      '009',
      '019',
    ]);
  });

  it('loses no failure at any width and window that holds it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ lane: fc.nat(3), start: fc.nat(900), length: fc.nat(300), failed: fc.boolean() }), {
          minLength: 1,
          maxLength: 60,
        }),
        fc.integer({ min: 1, max: 50 }),
        (drawn, width) => {
          const lanes = [0, 1, 2, 3].map((pid) => lane('n', pid));
          const attempts = drawn.map(({ lane: at, start, length, failed }) => ({
            lane: at,
            start,
            end: start + length,
            failed,
          }));
          const tracks = prepareTracks(timeline(attempts, lanes));
          const density = trackDensity(tracks, 0, tracks.tracks.length, { from: 0, to: 1201 }, width);
          for (const { start, failed } of attempts) {
            const x = Math.floor((start / 1201) * width);
            expect(density.busy[x]).toBeGreaterThan(0);
            if (failed) expect(density.failed[x]).toBe(1);
          }
        },
      ),
    );
  });
});
