'use client';
/** What a large timeline draws: tiles of the lanes and the window in view as tracks, and all lanes as one strip. */
import { useCallback, useMemo, useRef } from 'react';
import { packColour, sliceColours } from '../../lib/chart/timeline-colours.ts';
import type { TrackDensity } from '../../lib/chart/timeline-density.ts';
import { layoutRows } from '../../lib/chart/timeline-layout.ts';
import type { TimeRange } from '../../lib/chart/timeline-raster.ts';
import {
  densityOfTile,
  loadedWindow,
  resolutionOf,
  TILE_STATES,
  tracksOfTiles,
} from '../../lib/chart/timeline-tiles.ts';
import { fitRange } from '../../lib/chart/timeline-window.ts';
import type { TimelineLanesWire } from '../../lib/contract/timeline-tile.ts';
import { LANE_PAGE } from '../../lib/model/timeline-tile.ts';
import type { TimelineScene } from '../charts/timeline-scene.ts';
import { useCanvasTheme } from '../charts/timeline-theme.ts';
import { type TileQuery, useLanePages, useNodeTile } from '../queries/timeline-tiles.ts';
import type { TimelineFilter, TimelineView } from './timeline-view.ts';

/** Buckets of the strip of all lanes. */
const MINIMAP_BUCKETS = 200;
const NONE: ReadonlySet<string> = new Set();
const NO_PHASES: ReadonlyMap<number, never[]> = new Map();

export interface LargeJob {
  readonly answer: TimelineLanesWire;
  readonly narrow: { readonly jobId: string; readonly session?: string };
  /** The same object while it says the same. */
  readonly filter: TimelineFilter;
}

/** `plot`: CSS px of the lanes, 0 before they are measured; `inView`: first lane, and one past the last. */
export function useLargeScene(
  { answer, narrow, filter }: LargeJob,
  view: TimelineView,
  plot: number,
  inView: { readonly first: number; readonly last: number },
) {
  const theme = useCanvasTheme();
  const { fromNs, toNs, version } = answer;
  const originNs = fromNs ?? '0';
  const extent = useMemo(
    () => ({ from: 0, to: Math.max(1, Number(BigInt(toNs ?? '1') - BigInt(originNs))) }),
    [originNs, toNs],
  );
  const whole = useMemo(() => fitRange(extent), [extent]);
  const settled = view.settled ?? whole;
  const scale = Math.min(2, globalThis.devicePixelRatio ?? 1);
  const resolution = resolutionOf(settled, plot * scale);
  const kept = JSON.stringify([narrow, filter]);

  const loaded = useRef<{ key: string; window: TimeRange } | null>(null);
  const windowKey = `${kept} ${originNs} ${resolution}`;
  const window = loadedWindow(
    settled,
    extent,
    resolution,
    loaded.current?.key === windowKey ? loaded.current.window : null,
  );
  loaded.current = { key: windowKey, window };
  const tiles: TileQuery | null = useMemo(
    () =>
      plot < 1
        ? null
        : {
            ...narrow,
            ...filter,
            from: (BigInt(originNs) + BigInt(window.from)).toString(),
            to: (BigInt(originNs) + BigInt(window.to)).toString(),
            resolution,
            version,
          },
    [plot, narrow, filter, originNs, version, window.from, window.to, resolution],
  );
  const { pages, isLoading, error } = useLanePages(tiles, answer.lanes.key, inView.first, inView.last, kept);
  const strip: TileQuery | null = useMemo(
    () =>
      fromNs === null || toNs === null
        ? null
        : {
            ...narrow,
            ...filter,
            from: fromNs,
            to: toNs,
            resolution: resolutionOf(extent, MINIMAP_BUCKETS) + 1,
            version,
          },
    [narrow, filter, fromNs, toNs, version, extent],
  );
  const nodeKeys = useMemo(() => answer.nodes.map(({ key }) => key), [answer.nodes]);
  // After what is in view, which somebody waits for.
  const nodeTile = useNodeTile(pages.size === 0 ? null : strip, nodeKeys);

  const now = Number(BigInt(answer.nowNs) - BigInt(originNs));
  const tiled = useMemo(() => tracksOfTiles(answer, pages, now), [answer, pages, now]);
  const { tracks, functions } = tiled;
  const layout = useMemo(() => layoutRows(tracks, NONE), [tracks]);
  // No medians are known here.
  const color = view.query.color === 'duration' ? 'function' : view.query.color;
  const colours = useMemo(
    () => sliceColours(tracks, { functions, states: TILE_STATES }, color, packColour(theme?.panel ?? '#0b131d')),
    [tracks, functions, color, theme],
  );
  const scene: TimelineScene = useMemo(
    () => ({
      tracks,
      layout,
      folds: false,
      colours,
      functions,
      originNs,
      loaded: { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY },
      loadedOf: (track) => {
        const tile = pages.get(Math.floor(track / LANE_PAGE));
        if (tile === undefined) return null;
        const from = Number(tile.originNs - BigInt(originNs));
        const to = from + tile.buckets * 2 ** tile.resolution;
        // Outside the job nothing is missing.
        return {
          from: from <= extent.from ? Number.NEGATIVE_INFINITY : from,
          to: to >= extent.to ? Number.POSITIVE_INFINITY : to,
        };
      },
      phases: NO_PHASES,
      selected: -1,
      chain: [],
    }),
    [tracks, layout, colours, functions, originNs, pages, extent],
  );
  const lanes = answer.lanes.key.length;
  const densityOf = useCallback(
    (all: TimeRange, pixels: number): TrackDensity =>
      nodeTile === undefined
        ? { busy: new Float32Array(pixels), failed: new Uint8Array(pixels) }
        : densityOfTile(nodeTile, lanes, BigInt(originNs), all, pixels),
    [nodeTile, lanes, originNs],
  );
  return { scene, tiled, pages, extent, whole, settled, color, densityOf, isLoading, error };
}

export type LargeScene = ReturnType<typeof useLargeScene>;
