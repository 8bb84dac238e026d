'use client';
/**
 * A timeline drawn from tiles: lanes first, then tiles of the lanes and the window in view (three times as wide as it), at the
 * resolution of the screen. Filters and jumps are the server's.
 */
import { useCallback, useEffect, useMemo, useState } from 'react';
import { clockText } from '../../../lib/chart/time-series/time-ticks.ts';
import { sliceWhere, trackWhere } from '../../../lib/chart/timeline/timeline-text.ts';
import { TILE_STATES, tiledText } from '../../../lib/chart/timeline/timeline-tiles.ts';
import { fitRange } from '../../../lib/chart/timeline/timeline-window.ts';
import { LANE_PAGE } from '../../../lib/model/timeline-tile.ts';
import type { TimelineJump } from '../../charts/timeline-input.ts';
import { useGapJump } from '../timeline-gaps.ts';
import { useTimelineClock, windowAtNow } from '../timeline-live.ts';
import type { SelectedAttempt, TimelineSource } from '../timeline-source.ts';
import type { TimelineView } from '../timeline-view.ts';
import { useTileChain, useTilePhases } from './tile-marks.ts';
import { useTileRows } from './tile-rows.ts';
import { type TiledJob, useTileScene } from './tile-scene.ts';
import { useTileSelection } from './tile-selection.ts';
import { useTileSums } from './tile-sums.ts';

/** What is asked for: the window where the hand last rested, which moves on with the answers while it is live. */
function useRequestedWindow(view: TimelineView, originNs: string, isLive: boolean, answeredAt: number) {
  const at = isLive && view.settled !== null ? windowAtNow(view.settled, answeredAt) : view.settled;
  const key = at === null ? '' : `${Math.round(at.from)} ${Math.round(at.to)}`;
  return useMemo(() => {
    const [from, to] = key.split(' ').map(Number);
    if (from === undefined || to === undefined) return { settled: null, window: null };
    const unix = (offset: number): string => (BigInt(originNs) + BigInt(offset)).toString();
    return { settled: { from, to }, window: { from: unix(Math.max(0, from)), to: unix(Math.max(1, to)) } };
  }, [key, originNs]);
}

/** `plot`: CSS px of the lanes, 0 before they are measured. */
export function useTileSource(
  job: TiledJob,
  view: TimelineView,
  {
    answeredAtMs,
    stale,
    plot,
  }: { readonly answeredAtMs: number; readonly stale: string | null; readonly plot: number },
): Omit<TimelineSource, 'incomplete'> {
  const { answer, filter } = job;
  const { query, set, setRange } = view;
  const isTable = query.as === 'table';
  const [inView, setInView] = useState({ first: 0, last: LANE_PAGE });
  const onTracks = useCallback((first: number, last: number) => setInView({ first, last }), []);
  const lookAt = useCallback((lane: number) => setInView({ first: lane, last: lane + 1 }), []);

  const originNs = answer.fromNs ?? '0';
  const isOpen = answer.running.length > 0;
  const clock = useTimelineClock({ nowNs: answer.nowNs, originNs, isOpen, answeredAtMs, stale }, view);
  const { now, answeredAt, isLive } = clock;
  const { settled, window } = useRequestedWindow(view, originNs, isLive, answeredAt);
  const [isDrawn, setIsDrawn] = useState(false);
  const sums = useTileSums(job, window, isDrawn);
  const { medians, count } = sums;
  const tiles = useTileScene(job, view, { settled, answeredAt, now, plot: isTable ? 0 : plot, inView, medians });
  const { tiled, extent, whole, isLoading, pages } = tiles;
  const { tracks } = tiles.scene;
  const [taskId = '', attempt = '0'] = query.sel.split(':');
  const { selected, chain, lane } = useTileChain(job, tracks, taskId, Number(attempt));
  const phases = useTilePhases(job, tracks, window, count);
  const scene = useMemo(() => ({ ...tiles.scene, selected, chain, phases }), [tiles.scene, selected, chain, phases]);
  // Sums read every attempt of the window: after what somebody waits for.
  const isThere = pages.size > 0 || isTable || answer.lanes.key.length === 0;
  useEffect(() => {
    if (isThere) setIsDrawn(true);
  }, [isThere]);
  const atNow = isOpen ? fitRange({ from: 0, to: Math.max(extent.to, now) }) : whole;
  const range = view.range === null ? atNow : isLive ? windowAtNow(view.range, now) : view.range;
  const selection = useTileSelection(job, view, tiles, range, lookAt);
  const gaps = useGapJump(tracks, range, 2 ** tiles.resolution, inView, (there) => setRange(there, 'jump'), lookAt);
  const jump = (to: TimelineJump) => {
    gaps.forget();
    selection.forget();
    if (to !== 'gap') selection.jump(to);
    // Lanes that are not loaded yet would look idle, or as if nothing were; the line below the toolbar says that they load.
    else if (!isLoading && pages.size > 0) gaps.jump();
  };
  const functions = useMemo(
    () => [...new Set([...answer.functions, query.fn].filter(Boolean))].sort(),
    [answer.functions, query.fn],
  );
  const rows = useTileRows(job, { window, count, medians, selected: query.sel, onSelect: selection.pick }, isTable);
  const selectedAttempt: SelectedAttempt | null =
    taskId === ''
      ? null
      : {
          taskId,
          attempt: Number(attempt),
          lane: selection.where || (lane === -1 ? '' : trackWhere(tracks, lane)),
          nodeName: answer.nodes[answer.lanes.node[lane] ?? -1]?.nodeName ?? null,
          actor: answer.lanes.actor[lane] ?? null,
          spreadOf: (name) => sums.spreads.get(name) ?? null,
          onAttempt: (other) => void set({ sel: `${taskId}:${other}` }),
          onTask: (other) => void set({ sel: `${other}:0` }),
        };
  const isEmpty = answer.lanes.key.length === 0;
  return {
    clock,
    range,
    settled: settled ?? whole,
    extent,
    scene,
    densityOf: tiles.densityOf,
    counts: { attempts: answer.matched, lanes: answer.lanes.key.length, nodes: answer.nodes.length },
    noun: 'ended attempt',
    asOf: clock.answeredText,
    empty: isEmpty ? { title: 'No attempt matches', text: 'Nothing in this job matches what is chosen above.' } : null,
    toolbar: {
      functions,
      states: TILE_STATES.slice(0, 2),
      nodes: answer.nodes,
      isWhole: false,
      found: filter.text === undefined ? null : answer.matched,
      at: -1,
      failures: answer.failures,
    },
    status: isLoading ? 'Loading what is in view' : selection.notice || gaps.notice,
    problem: tiles.error?.message ?? null,
    label: (slice) => `${tiledText(tiled, slice)}, ${sliceWhere(tracks, slice)}`,
    tooltip: (slice) => [
      tiledText(tiled, slice),
      sliceWhere(tracks, slice),
      `started ${clockText(BigInt(originNs) + BigInt(Math.round(tracks.start[slice] ?? 0)), 1e6)}`,
    ],
    states: TILE_STATES,
    focus: selection.focus,
    focusKey: selection.focusKey,
    onFocus: selection.setFocus,
    onTracks,
    select: selection.select,
    step: selection.step,
    jump,
    rows,
    selected: selectedAttempt,
    sums: sums.sums,
    sumsProblem: sums.problem,
  };
}
