'use client';
/**
 * The timeline of a job with more attempts than one answer holds: lanes first, then tiles of the lanes and the window in view
 * (three times as wide as it), at the resolution of the screen. Filters and jumps are the server's.
 */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { clockText, durationText } from '../../lib/chart/time-ticks.ts';
import { colourLegend, packColour, sliceColours } from '../../lib/chart/timeline-colours.ts';
import type { TrackDensity } from '../../lib/chart/timeline-density.ts';
import { layoutRows } from '../../lib/chart/timeline-layout.ts';
import type { TimeRange } from '../../lib/chart/timeline-raster.ts';
import { densityOfTile, resolutionOf, TILE_STATES, tracksOfTiles } from '../../lib/chart/timeline-tiles.ts';
import { fitRange } from '../../lib/chart/timeline-window.ts';
import { sliceWhere } from '../../lib/chart/timeline-words.ts';
import { requestPath } from '../../lib/contract/route.ts';
import {
  type TimelineLanesWire,
  TimelineSlicesResponse,
  timelineSlicesRoute,
} from '../../lib/contract/timeline-tile.ts';
import { LANE_PAGE } from '../../lib/model/timeline-tile.ts';
import { TimelineCanvas } from '../charts/timeline-canvas.tsx';
import { TimelineMinimap } from '../charts/timeline-minimap.tsx';
import type { TimelineScene } from '../charts/timeline-scene.ts';
import { useCanvasTheme } from '../charts/timeline-theme.ts';
import { type TileQuery, useLanePages, useNodeTile } from '../queries/timeline-tiles.ts';
import { Panel } from '../ui/panel.tsx';
import { EmptyState } from '../ui/states.tsx';
import { TimelineDetails } from './timeline-details.tsx';
import { useTimelineWidth } from './timeline-lanes.tsx';
import { TimelineLegend } from './timeline-legend.tsx';
import { TimelineStrips } from './timeline-strips.tsx';
import { TimelineToolbar } from './timeline-toolbar.tsx';
import type { TimelineView } from './timeline-view.ts';

/** Buckets of the strip of all lanes. */
const MINIMAP_BUCKETS = 200;
const NO_TRACKS: ReadonlySet<string> = new Set();
const NO_PHASES = new Map<number, never[]>();
export interface LargeFilter {
  readonly function?: string;
  readonly state?: 'FINISHED' | 'FAILED';
  readonly text?: string;
  readonly order?: 'node' | 'failure' | 'longest';
}

/** The window to load: three times the one in view, on a grid, so that panning inside it asks for nothing. */
function loadedWindow(range: TimeRange, extent: TimeRange, resolution: number, before: TimeRange | null): TimeRange {
  if (before !== null && before.from <= Math.max(range.from, extent.from) && before.to >= Math.min(range.to, extent.to))
    return before;
  const grid = 2 ** (resolution + 6);
  const span = range.to - range.from;
  const from = Math.max(extent.from, range.from - span);
  const to = Math.min(extent.to, range.to + span);
  return { from: Math.floor(from / grid) * grid, to: Math.ceil((to + 1) / grid) * grid };
}

export function LargeTimeline({
  lanes: answer,
  answeredAtMs,
  narrow,
  filter,
  view,
}: {
  lanes: TimelineLanesWire;
  answeredAtMs: number;
  narrow: { readonly jobId: string; readonly session?: string };
  filter: LargeFilter;
  view: TimelineView;
}) {
  const { query, set, setRange } = view;
  const { holder, width, labels } = useTimelineWidth();
  const theme = useCanvasTheme();
  const [focus, setFocus] = useState(-1);
  const [inView, setInView] = useState({ first: 0, last: LANE_PAGE });
  const [notice, setNotice] = useState('');
  const { order: _order, ...slices } = filter;
  const filterKey = JSON.stringify(slices);
  // The same object while it says the same.
  const tileFilter: Omit<LargeFilter, 'order'> = useMemo(() => JSON.parse(filterKey), [filterKey]);
  const origin = BigInt(answer.fromNs ?? '0');
  const now = Number(BigInt(answer.nowNs) - origin);
  const extent = useMemo(
    () => ({ from: 0, to: Math.max(1, Number(BigInt(answer.toNs ?? '1') - BigInt(answer.fromNs ?? '0'))) }),
    [answer.fromNs, answer.toNs],
  );
  const whole = useMemo(() => fitRange(extent), [extent]);
  const range = view.range ?? whole;
  const plot = Math.max(1, width - labels);
  const scale = Math.min(2, globalThis.devicePixelRatio ?? 1);

  const resolution = resolutionOf(view.settled ?? whole, plot * scale);
  const kept = JSON.stringify([narrow, filter, answer.version]);
  const loaded = useRef<{ key: string; window: TimeRange } | null>(null);
  const windowKey = `${kept} ${resolution}`;
  const wanted = loadedWindow(
    view.settled ?? whole,
    extent,
    resolution,
    loaded.current?.key === windowKey ? loaded.current.window : null,
  );
  loaded.current = { key: windowKey, window: wanted };
  const tiles: TileQuery | null = useMemo(
    () =>
      width < 2
        ? null
        : {
            ...narrow,
            ...tileFilter,
            from: (BigInt(answer.fromNs ?? '0') + BigInt(wanted.from)).toString(),
            to: (BigInt(answer.fromNs ?? '0') + BigInt(wanted.to)).toString(),
            resolution,
            version: answer.version,
          },
    [width, narrow, tileFilter, answer.fromNs, answer.version, wanted.from, wanted.to, resolution],
  );
  const { pages, isLoading, error } = useLanePages(tiles, answer.lanes.key, inView.first, inView.last, kept);
  const minimapQuery: TileQuery | null = useMemo(
    () =>
      answer.fromNs === null || answer.toNs === null
        ? null
        : {
            ...narrow,
            ...tileFilter,
            from: answer.fromNs,
            to: answer.toNs,
            resolution: resolutionOf(extent, MINIMAP_BUCKETS) + 1,
            version: answer.version,
          },
    [narrow, tileFilter, answer.fromNs, answer.toNs, answer.version, extent],
  );
  const nodeTile = useNodeTile(
    pages.size === 0 ? null : minimapQuery,
    useMemo(() => answer.nodes.map(({ key }) => key), [answer.nodes]),
  );

  const tiled = useMemo(() => tracksOfTiles(answer, pages, now), [answer, pages, now]);
  const { tracks, functions, counts } = tiled;
  const layout = useMemo(() => layoutRows(tracks, NO_TRACKS), [tracks]);
  const colours = useMemo(
    () =>
      sliceColours(
        tracks,
        { functions, states: TILE_STATES },
        query.color === 'duration' ? 'function' : query.color,
        packColour(theme?.panel ?? '#0b131d'),
      ),
    [tracks, functions, query.color, theme],
  );
  const scene: TimelineScene = useMemo(
    () => ({
      tracks,
      layout,
      colours,
      functions,
      originNs: answer.fromNs ?? '0',
      loaded: { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY },
      loadedOf: (track) => {
        const tile = pages.get(Math.floor(track / LANE_PAGE));
        if (tile === undefined) return null;
        const from = Number(tile.originNs - BigInt(answer.fromNs ?? '0'));
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
    [tracks, layout, colours, functions, answer.fromNs, pages, extent],
  );
  const densityOf = useCallback(
    (all: TimeRange, pixels: number): TrackDensity =>
      nodeTile === undefined
        ? { busy: new Float32Array(pixels), failed: new Uint8Array(pixels) }
        : densityOfTile(nodeTile, answer.lanes.key.length, BigInt(answer.fromNs ?? '0'), all, pixels),
    [nodeTile, answer.lanes.key.length, answer.fromNs],
  );

  const onTracks = useCallback((first: number, last: number) => setInView({ first, last }), []);

  const words = (slice: number): string => {
    const name = functions[tracks.functionIndex[slice] ?? 0] || 'unnamed task';
    const many = counts[slice] ?? 0;
    const duration = durationText((tracks.end[slice] ?? 0) - (tracks.start[slice] ?? 0));
    const state = TILE_STATES[tracks.stateIndex[slice] ?? 0] ?? 'UNKNOWN';
    const lost = tiled.failures[slice] ?? 0;
    if (many <= 1) return `${name}, ${state}, ${duration}${tracks.running[slice] === 1 ? ' so far' : ''}`;
    return `${many.toLocaleString('en-US')} attempts${lost > 0 ? `, ${lost.toLocaleString('en-US')} failed` : ''}; the longest: ${name}, ${state}, ${duration}`;
  };

  const ask = useCallback(
    async (params: {
      lane?: string;
      from?: string;
      to?: string;
      sort?: 'start' | 'longest';
      state?: 'FAILED';
      limit?: number;
    }) => {
      const path = requestPath(timelineSlicesRoute, { ...narrow, ...tileFilter, ...params });
      const response = await fetch(path);
      const parsed = TimelineSlicesResponse.safeParse(await response.json());
      return parsed.success ? parsed.data.slices : [];
    },
    [narrow, tileFilter],
  );
  const show = (
    slice: { taskId: string; attempt: number; lane: string; startNs: string; endNs: string } | undefined,
  ) => {
    if (slice === undefined) {
      setNotice('None found.');
      return;
    }
    setNotice('');
    void set({ sel: `${slice.taskId}:${slice.attempt}` });
    const [from, to] = [Number(BigInt(slice.startNs) - origin), Number(BigInt(slice.endNs) - origin)];
    const span = Math.max((to - from) * 8, 1e6);
    setRange({ from: from - span * 0.4, to: to + span * 0.4 }, 'zoom');
    setGoTo(slice.lane);
  };
  // A lane to bring into view: the focus goes to its slice when its tile is there.
  const [goTo, setGoTo] = useState('');
  useEffect(() => {
    if (goTo === '') return;
    const lane = answer.lanes.key.indexOf(goTo);
    if (lane === -1) return;
    if (!pages.has(Math.floor(lane / LANE_PAGE))) {
      setInView({ first: lane, last: lane + 1 });
      return;
    }
    const slice = Array.from(
      { length: (tracks.trackBegin[lane + 1] ?? 0) - (tracks.trackBegin[lane] ?? 0) },
      (_, i) => (tracks.trackBegin[lane] ?? 0) + i,
    ).find((one) => (tracks.end[one] ?? 0) >= range.from && (tracks.start[one] ?? 0) <= range.to);
    if (slice === undefined || isLoading) return;
    setFocus(slice);
    setGoTo('');
  }, [goTo, answer.lanes.key, pages, tracks, range, isLoading]);

  const at = (ns: number): string => (origin + BigInt(Math.round(ns))).toString();
  async function select(slice: number): Promise<void> {
    if (slice === -1) {
      void set({ sel: '' });
      return;
    }
    setFocus(slice);
    const lane = tracks.trackOf[slice] ?? 0;
    const own = answer.running.filter((one) => one.lane === lane);
    if (tracks.running[slice] === 1) {
      const one = own.find(({ startNs }) => Number(BigInt(startNs) - origin) === tracks.start[slice]) ?? own[0];
      if (one) void set({ sel: `${one.taskId}:${one.attempt}` });
      return;
    }
    // A tile's start may be off by a 256th of a bucket: among those that start there, the longest is the one it holds.
    const tile = pages.get(Math.floor(lane / LANE_PAGE));
    const bucket = 2 ** (tile?.resolution ?? 0);
    const offset = Number((tile?.originNs ?? origin) - origin);
    const isCarry = counts[slice] === 0;
    const from = isCarry
      ? (tracks.start[slice] ?? 0)
      : offset + Math.floor(((tracks.start[slice] ?? 0) - offset) / bucket) * bucket;
    const found = await ask({
      lane: answer.lanes.key[lane] ?? '',
      from: at(from),
      to: at(isCarry ? from + 1 : from + bucket),
      sort: 'longest',
      limit: 4,
    });
    const one = found.find(({ startNs }) => BigInt(startNs) >= BigInt(at(from))) ?? found[0];
    if (one) void set({ sel: `${one.taskId}:${one.attempt}` });
  }
  async function jump(to: 'failure' | 'longest'): Promise<void> {
    if (to === 'longest') {
      const [one] = await ask({ from: at(Math.max(0, range.from)), to: at(range.to), sort: 'longest', limit: 1 });
      show(one);
      return;
    }
    const middle = (range.from + range.to) / 2;
    const [next] = await ask({ from: at(Math.max(0, middle)), state: 'FAILED', sort: 'start', limit: 1 });
    show(next ?? (await ask({ state: 'FAILED', sort: 'start', limit: 1 }))[0]);
  }

  const [taskId = '', attempt = '0'] = query.sel.split(':');
  const focused = focus === -1 || focus >= tracks.start.length ? -1 : focus;
  const names = useMemo(
    () => [...new Set([...answer.functions, query.fn].filter(Boolean))].sort(),
    [answer.functions, query.fn],
  );
  return (
    <>
      <TimelineToolbar
        view={view}
        functions={names}
        states={['FINISHED', 'FAILED']}
        found={filter.text === undefined ? null : answer.matched}
        at={-1}
        failures={answer.failures}
        isLarge
        following={false}
        canFollow={false}
        onStep={() => void jump('longest')}
        onJump={(to) => void jump(to)}
        onFit={() => setRange(null, 'zoom')}
        onFollow={() => undefined}
      />
      <p role="status" className="min-h-[18px] text-[12px] text-[var(--muted)]">
        {isLoading ? 'Loading what is in view' : notice}
      </p>
      {error === null ? null : (
        <p role="alert" className="text-[var(--bad)]">
          ✕ A part of the timeline could not be loaded: {error.message}
        </p>
      )}
      <div className={taskId === '' ? '' : 'grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_24rem]'}>
        <Panel
          title={`${answer.matched.toLocaleString('en-US')} ended attempts, ${answer.nodes.length.toLocaleString('en-US')} nodes, ${answer.lanes.key.length.toLocaleString('en-US')} lanes`}
          actions={
            <span className="text-[12px] text-[var(--muted)]">
              {clockText(origin + BigInt(Math.round(range.from)), (range.to - range.from) / 500)} to{' '}
              {clockText(origin + BigInt(Math.round(range.to)), (range.to - range.from) / 500)} UTC, as of{' '}
              {new Date(answeredAtMs).toISOString().slice(11, 19)}
            </span>
          }
          flush
        >
          <div ref={holder} className="min-w-0">
            {answer.lanes.key.length === 0 ? (
              <EmptyState title="No attempt matches">Nothing in this job matches what is chosen above.</EmptyState>
            ) : (
              <>
                <TimelineMinimap
                  extent={extent}
                  lanes={answer.lanes.key.length}
                  densityOf={densityOf}
                  range={range}
                  width={width}
                  labels={labels}
                  onRange={setRange}
                />
                <TimelineCanvas
                  scene={scene}
                  range={range}
                  width={width}
                  labels={labels}
                  focus={focused}
                  onRange={setRange}
                  onFocus={setFocus}
                  onSelect={(slice) => void select(slice)}
                  onFold={() => undefined}
                  onJump={(to) => void jump(to)}
                  onTracks={onTracks}
                  words={(slice) => `${words(slice)}, ${sliceWhere(tracks, slice)}`}
                  lines={(slice) => [
                    words(slice),
                    sliceWhere(tracks, slice),
                    `started ${clockText(origin + BigInt(Math.round(tracks.start[slice] ?? 0)), 1e6)}`,
                  ]}
                />
                <TimelineStrips
                  narrow={narrow}
                  originNs={answer.fromNs ?? '0'}
                  range={range}
                  settled={view.settled ?? whole}
                  width={width}
                  labels={labels}
                />
              </>
            )}
          </div>
          <TimelineLegend
            entries={colourLegend(query.color === 'duration' ? 'function' : query.color, functions, TILE_STATES)}
            hasPhases={false}
          />
        </Panel>
        {taskId === '' ? null : (
          <TimelineDetails
            narrow={narrow}
            taskId={taskId}
            attempt={Number(attempt)}
            lane={focused === -1 ? '' : sliceWhere(tracks, focused)}
            nodeName={null}
            actor={null}
            spread={null}
            onAttempt={(other) => void set({ sel: `${taskId}:${other}` })}
            onClose={() => void set({ sel: '' })}
          />
        )}
      </div>
    </>
  );
}
