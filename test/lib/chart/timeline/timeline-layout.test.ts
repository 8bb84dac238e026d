import { describe, expect, it } from 'vitest';
import { prepareTracks } from '../../../../lib/chart/timeline/timeline-lanes.ts';
import { layoutRows, rowAt, rowsBetween } from '../../../../lib/chart/timeline/timeline-layout.ts';
import { lane, readPicture, timeline } from './timeline-pictures.ts';

const tracks = prepareTracks(timeline(readPicture('a--a\nb--b\nc--c'), [lane('n1', 1), lane('n1', 2), lane('n2', 3)]));

/** `top [v] node` or `top    worker` per row. */
const picture = (folded: readonly string[]): string[] =>
  layoutRows(tracks, new Set(folded)).rows.map((row) =>
    row.track === -1
      ? `${row.top} ${row.folded ? '>' : 'v'} ${tracks.groups[row.group]?.label}`
      : `${row.top}   ${tracks.tracks[row.track]?.label}`,
  );

describe('layout', () => {
  it('gives each node a header and each track a row', () => {
    expect(picture([])).toEqual(['0 v n1', '22   worker 1', '40   worker 2', '58 v n2', '80   worker 3']);
  });
  it('folds a node to its header, which stands for all its tracks', () => {
    expect(picture(['n1'])).toEqual(['0 > n1', '22 v n2', '44   worker 3']);
    expect([...layoutRows(tracks, new Set(['n1'])).rowOfTrack]).toEqual([0, 0, 2]);
  });
  it('finds the row under a height, and none outside', () => {
    const layout = layoutRows(tracks, new Set());
    expect([-1, 0, 21, 22, 97, 98].map((y) => rowAt(layout, y))).toEqual([-1, 0, 0, 1, 4, -1]);
    expect(rowsBetween(layout, 39, 59).map(({ top }) => top)).toEqual([22, 40, 58]);
  });
});
