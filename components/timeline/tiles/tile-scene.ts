'use client';
/** What a timeline of tiles draws: tiles of the lanes and the window in view as tracks, and all lanes as one strip. */
import { useCallback, useMemo, useRef } from 'react';
import { packColour, sliceColours } from '../../../lib/chart/colour/timeline-colours.ts';
import type { TrackDensity } from '../../../lib/chart/timeline/timeline-density.ts';
import { withNow } from '../../../lib/chart/timeline/timeline-lanes.ts';
import { layoutRows } from '../../../lib/chart/timeline/timeline-layout.ts';
import type { TimeRange } from '../../../lib/chart/timeline/timeline-raster.ts';
import {
  densityOfTile,
  loadedWindow,
  resolutionOf,
  TILE_STATES,
  tracksOfTiles,
} from '../../../lib/chart/timeline/timeline-tiles.ts';
import { fitRange } from '../../../lib/chart/timeline/timeline-window.ts';
import type { TimelineLanesWire } from '../../../lib/contract/timeline-tile.ts';
import { LANE_PAGE, type TimelineTile } from '../../../lib/model/timeline-tile.ts';
import type { TimelineScene } from '../../charts/timeline-scene.ts';
import { useCanvasTheme } from '../../charts/timeline-theme.ts';
import { type TileQuery, useLanePages, useNodeTile } from '../../queries/timeline-tiles.ts';
import type { TimelineFilter, TimelineView } from '../timeline-view.ts';

/** Buckets of the strip of all lanes. */
const MINIMAP_BUCKETS = 200;
/** Folded nodes that are drawn: as many as an address holds. */
const MOST_FOLDED = 200;
const EVERYTHING: TimeRange = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
const NO_PHASES: ReadonlyMap<number, never[]> = new Map();

/** What a tile covers; outside the job nothing is missing. */
function loadedRange(tile: TimelineTile, originNs: string, extent: TimeRange): TimeRange {
  const from = Number(tile.originNs - BigInt(originNs));
  const to = from + tile.buckets * 2 ** tile.resolution;
  return {
    from: from <= extent.from ? Number.NEGATIVE_INFINITY : from,
    to: to >= extent.to ? Number.POSITIVE_INFINITY : to,
  };
}

export interface TiledJob {
  readonly answer: TimelineLanesWire;
  readonly jobRef: { readonly jobId: string; readonly session?: string };
  /** The same object while it says the same. */
  readonly filter: TimelineFilter;
}

/** What of a job is looked at. */
export interface TileView {
  /** Offsets in ns from the first start: what was asked for when the hand last rested; null: all of the job. */
  readonly settled: TimeRange | null;
  /** Now, as of the answer and as of this moment: what runs is drawn up to the latter. */
  readonly answeredAt: number;
  readonly now: number;
  /** CSS px of the lanes, 0 before they are measured. */
  readonly plot: number;
  /** First lane in view, and one past the last. */
  readonly inView: { readonly first: number; readonly last: number };
  /** Median durations by function, ns. */
  readonly medians: ReadonlyMap<string, number>;
}

export function useTileScene(
  { answer, jobRef, filter }: TiledJob,
  view: TimelineView,
  { settled: wanted, answeredAt, now, plot, inView, medians }: TileView,
) {
  const theme = useCanvasTheme();
  const { fromNs, toNs, version } = answer;
  const originNs = fromNs ?? '0';
  const extent = useMemo(
    () => ({ from: 0, to: Math.max(1, Number(BigInt(toNs ?? '1') - BigInt(originNs))) }),
    [originNs, toNs],
  );
  const whole = useMemo(() => fitRange(extent), [extent]);
  const settled = wanted ?? whole;
  const scale = Math.min(2, globalThis.devicePixelRatio ?? 1);
  const resolution = resolutionOf(settled, plot * scale);
  const kept = JSON.stringify([jobRef, filter]);

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
            ...jobRef,
            ...filter,
            from: (BigInt(originNs) + BigInt(window.from)).toString(),
            to: (BigInt(originNs) + BigInt(window.to)).toString(),
            resolution,
            version,
          },
    [plot, jobRef, filter, originNs, version, window.from, window.to, resolution],
  );
  const { pages, isLoading, error } = useLanePages(tiles, answer.lanes.key, inView.first, inView.last, kept);
  const strip: TileQuery | null = useMemo(
    () =>
      fromNs === null || toNs === null
        ? null
        : {
            ...jobRef,
            ...filter,
            from: fromNs,
            to: toNs,
            resolution: resolutionOf(extent, MINIMAP_BUCKETS) + 1,
            version,
          },
    [jobRef, filter, fromNs, toNs, version, extent],
  );
  // After what is in view, which somebody waits for.
  const nodeTile = useNodeTile(pages.size === 0 ? null : strip, 'all');

  // Folded nodes are drawn from a tile of their own: the lanes that are loaded may not be all of theirs.
  const foldedKeys = useMemo(
    () => answer.nodes.flatMap(({ nodeId, key }) => (view.folded.has(nodeId) ? [key] : [])).slice(0, MOST_FOLDED),
    [answer.nodes, view.folded],
  );
  const foldedQuery = useMemo(
    () => (tiles === null || foldedKeys.length === 0 ? null : { ...tiles, resolution: Math.min(48, resolution + 2) }),
    [tiles, foldedKeys, resolution],
  );
  const foldedTile = useNodeTile(foldedQuery, foldedKeys);
  const lastFolded = useRef<{ readonly keys: readonly string[]; readonly tile: TimelineTile } | null>(null);
  if (foldedTile !== undefined) lastFolded.current = { keys: foldedKeys, tile: foldedTile };
  const folded = foldedTile === undefined ? lastFolded.current : { keys: foldedKeys, tile: foldedTile };

  const tiled = useMemo(() => tracksOfTiles(answer, pages, answeredAt), [answer, pages, answeredAt]);
  const { functions } = tiled;
  const named = useMemo(
    () => ({ ...tiled.tracks, medianNs: Float64Array.from(functions, (name) => medians.get(name) ?? Number.NaN) }),
    [tiled, functions, medians],
  );
  const tracks = useMemo(() => withNow(named, now), [named, now]);
  const layout = useMemo(() => layoutRows(named, view.folded), [named, view.folded]);
  const { color } = view.query;
  const colours = useMemo(
    () => sliceColours(tracks, { functions, states: TILE_STATES }, color, packColour(theme?.panel ?? '#0b131d')),
    [tracks, functions, color, theme],
  );
  const scene: TimelineScene = useMemo(
    () => ({
      tracks,
      layout,
      folds: true,
      colours,
      functions,
      originNs,
      loaded: EVERYTHING,
      loadedOf: (track) => {
        const tile = pages.get(Math.floor(track / LANE_PAGE));
        if (tile === undefined) return null;
        return loadedRange(tile, originNs, extent);
      },
      loadedHeads: (group) => {
        const id = tracks.groups[group]?.nodeId ?? '';
        if (!view.folded.has(id)) return EVERYTHING;
        const key = answer.nodes.find(({ nodeId }) => nodeId === id)?.key ?? '';
        if (folded === null || !folded.keys.includes(key)) return null;
        return loadedRange(folded.tile, originNs, extent);
      },
      densityOf: (group, range, width) => {
        const { nodeId = '', first = 0, last = 0 } = tracks.groups[group] ?? {};
        const key = answer.nodes.find((node) => node.nodeId === nodeId)?.key ?? '';
        const at = folded?.keys.indexOf(key) ?? -1;
        if (folded === null || at === -1) return { busy: new Float32Array(width), failed: new Uint8Array(width) };
        return densityOfTile(folded.tile, last - first, BigInt(originNs), range, width, at);
      },
      phases: NO_PHASES,
      selected: -1,
      chain: [],
    }),
    [tracks, layout, colours, functions, originNs, pages, extent, folded, answer.nodes, view.folded],
  );
  // With the medians, which come after the tiles.
  const shown = useMemo(() => ({ ...tiled, tracks }), [tiled, tracks]);
  const lanes = answer.lanes.key.length;
  const densityOf = useCallback(
    (all: TimeRange, pixels: number): TrackDensity =>
      nodeTile === undefined
        ? { busy: new Float32Array(pixels), failed: new Uint8Array(pixels) }
        : densityOfTile(nodeTile, lanes, BigInt(originNs), all, pixels),
    [nodeTile, lanes, originNs],
  );
  return { scene, tiled: shown, pages, extent, whole, settled, resolution, densityOf, isLoading, error };
}

export type TileScene = ReturnType<typeof useTileScene>;
