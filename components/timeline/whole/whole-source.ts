'use client';
/** A timeline of which every attempt is in hand: filters, search and steps are the browser's. */
import { useCallback, useMemo, useState } from 'react';
import { packColour, sliceColours } from '../../../lib/chart/colour/timeline-colours.ts';
import { clockText } from '../../../lib/chart/time-series/time-ticks.ts';
import { trackDensity } from '../../../lib/chart/timeline/timeline-density.ts';
import { keptRows, nodesOfLanes } from '../../../lib/chart/timeline/timeline-filter.ts';
import { prepareTracks, withNow } from '../../../lib/chart/timeline/timeline-lanes.ts';
import { layoutRows } from '../../../lib/chart/timeline/timeline-layout.ts';
import type { TimeRange } from '../../../lib/chart/timeline/timeline-raster.ts';
import { findSlices, stepMatch } from '../../../lib/chart/timeline/timeline-search.ts';
import { sliceText, sliceWhere } from '../../../lib/chart/timeline/timeline-text.ts';
import {
  fitRange,
  longestVisible,
  nextFailure,
  sumWindow,
  windowAround,
} from '../../../lib/chart/timeline/timeline-window.ts';
import type { TimelineWire } from '../../../lib/contract/timeline.ts';
import type { TimelineJump } from '../../charts/timeline-input.ts';
import type { TimelineScene } from '../../charts/timeline-scene.ts';
import { useCanvasTheme } from '../../charts/timeline-theme.ts';
import { useGapJump } from '../timeline-gaps.ts';
import { useTimelineClock, windowAtNow } from '../timeline-live.ts';
import type { SelectedAttempt, TimelineSource } from '../timeline-source.ts';
import type { Spread } from '../timeline-spread.tsx';
import type { TimelineView } from '../timeline-view.ts';
import { usePhases } from './whole-phases.ts';
import { useWholeRows } from './whole-rows.ts';
import { useSelectedAttempt } from './whole-selected.ts';

/** A job whose timeline came in one answer. */
export interface WholeJob {
  readonly data: TimelineWire;
  readonly jobRef: { readonly jobId: string; readonly session?: string };
  /** Durations by function over the whole job where `data` is a window of it. */
  readonly spreads?: ReadonlyMap<string, Spread>;
}

export function useWholeSource(
  { data, jobRef, spreads }: WholeJob,
  view: TimelineView,
  { answeredAtMs, stale }: { readonly answeredAtMs: number; readonly stale: string | null },
): Omit<TimelineSource, 'incomplete'> & { readonly neverRan: number; readonly tooDeep: number } {
  const { query, set, setRange } = view;
  const { columns, originNs } = data;
  const theme = useCanvasTheme();
  const [focus, setFocus] = useState(-1);

  const { fn, state, node, actor, longer, order } = query;
  const prepared = useMemo(() => {
    const tracks = prepareTracks(data, { order, keep: keptRows(data, { fn, state, node, actor, longer }) });
    if (spreads === undefined) return tracks;
    return { ...tracks, medianNs: Float64Array.from(data.functions, (name) => spreads.get(name)?.p50Ns ?? Number.NaN) };
  }, [data, spreads, fn, state, node, actor, longer, order]);
  const nodes = useMemo(() => nodesOfLanes(data), [data]);
  const isOpen = useMemo(() => prepared.running.includes(1), [prepared]);
  const clock = useTimelineClock({ nowNs: data.nowNs, originNs, isOpen, answeredAtMs, stale }, view);
  const { now, isLive } = clock;
  const tracks = useMemo(() => withNow(prepared, now), [prepared, now]);
  const layout = useMemo(() => layoutRows(tracks, view.folded), [tracks, view.folded]);

  const whole = useMemo(() => fitRange(tracks.extent), [tracks.extent]);
  const range = view.range === null ? whole : isLive ? windowAtNow(view.range, now) : view.range;
  const settled = view.settled ?? whole;
  const selection = useSelectedAttempt(jobRef, data, prepared, tracks, query.sel);
  const { row: selectedRow, slice: selected, chain, links, spread } = selection;
  const select = (slice: number) => {
    setFocus(slice);
    const row = tracks.attempt[slice] ?? -1;
    void set({ sel: slice === -1 ? '' : `${columns.taskId[row] ?? ''}:${columns.attempt[row] ?? 0}` });
  };
  const goTo = (slice: number) => {
    if (slice === -1) return;
    select(slice);
    const there = windowAround(tracks, slice, range);
    if (there !== range) setRange(there, 'jump');
  };
  const gaps = useGapJump(tracks, range, 0, { first: 0, last: tracks.tracks.length }, (there) =>
    setRange(there, 'jump'),
  );
  const jump = (to: TimelineJump) => {
    if (to === 'gap') gaps.jump();
    else
      goTo(to === 'failure' ? nextFailure(tracks, selected === -1 ? focus : selected) : longestVisible(tracks, range));
  };

  const matches = useMemo(() => findSlices(prepared, data, query.q), [prepared, data, query.q]);
  const matching = useMemo(() => (query.q.trim() === '' ? null : new Set(matches)), [matches, query.q]);
  const colours = useMemo(
    () =>
      sliceColours(
        tracks,
        data,
        query.color,
        packColour(theme?.panel ?? '#0b131d'),
        matching === null ? undefined : (slice) => matching.has(slice),
      ),
    [tracks, data, query.color, theme, matching],
  );
  const phases = usePhases(jobRef, data, prepared, settled);
  const scene: TimelineScene = useMemo(
    () => ({
      tracks,
      layout,
      folds: true,
      colours,
      functions: data.functions,
      originNs,
      loaded: {
        from: Number.NEGATIVE_INFINITY,
        to: data.limited ? lastStart(tracks.start) : isOpen ? now : Number.POSITIVE_INFINITY,
      },
      phases,
      selected,
      chain,
      links,
    }),
    [tracks, layout, colours, data.functions, originNs, data.limited, isOpen, now, phases, selected, chain, links],
  );
  const densityOf = useCallback(
    (all: TimeRange, pixels: number) => trackDensity(prepared, 0, prepared.tracks.length, all, pixels),
    [prepared],
  );
  const sums = useMemo(
    () => sumWindow(prepared, settled).map((sum) => ({ ...sum, name: data.functions[sum.functionIndex] ?? '' })),
    [prepared, settled, data.functions],
  );
  const shown = { tracks, range: settled, matches: matching, selected, onSelect: select };
  const rows = useWholeRows(data, shown, query.as === 'table');
  const names = { functions: data.functions, states: data.states, attempts: columns.attempt };
  const errorOf = (slice: number) => data.errors[columns.error[tracks.attempt[slice] ?? 0] ?? 0] ?? '';

  const taskId = columns.taskId[selectedRow];
  const lane = data.lanes[columns.lane[selectedRow] ?? -1];
  const hasRun = (columns.start[selectedRow] ?? null) !== null;
  const selectedAttempt: SelectedAttempt | null =
    taskId === undefined
      ? null
      : {
          taskId,
          attempt: columns.attempt[selectedRow] ?? 0,
          lane:
            selected !== -1
              ? sliceWhere(tracks, selected)
              : hasRun
                ? 'on none of the lanes shown'
                : 'never reached a worker',
          nodeName: lane?.nodeName ?? null,
          actor: lane?.actor ?? null,
          spreadOf: (name) => (spreads === undefined ? spread : (spreads.get(name) ?? null)),
          onAttempt(attempt) {
            const other = chain.find((slice) => columns.attempt[tracks.attempt[slice] ?? -1] === attempt);
            if (other === undefined) void set({ sel: `${taskId}:${attempt}` });
            else goTo(other);
          },
          onTask(other) {
            const slice = tracks.sliceOf[columns.taskId.lastIndexOf(other)] ?? -1;
            if (slice === -1) void set({ sel: `${other}:0` });
            else goTo(slice);
          },
        };
  return {
    clock,
    range,
    settled,
    extent: prepared.extent,
    scene,
    densityOf,
    counts: { attempts: tracks.start.length, lanes: tracks.tracks.length, nodes: tracks.groups.length },
    noun: 'attempt',
    asOf: null,
    empty:
      tracks.start.length > 0
        ? null
        : {
            title: 'No attempt has run',
            text:
              fn !== '' || state !== ''
                ? 'Nothing in this job matches the function and state chosen above.'
                : 'Nothing in this job has reached a worker yet.',
          },
    toolbar: {
      functions: data.functions,
      states: data.states,
      nodes,
      isWhole: true,
      found: matching === null ? null : matches.length,
      at: selected === -1 ? -1 : matches.indexOf(selected),
      failures: tracks.failedBefore.at(-1) ?? 0,
    },
    neverRan: tracks.neverRan,
    tooDeep: tracks.tooDeep,
    status: gaps.notice,
    problem: null,
    label: (slice) => `${sliceText(tracks, names, slice)}, ${sliceWhere(tracks, slice)}`,
    tooltip: (slice) => [
      sliceText(tracks, names, slice),
      sliceWhere(tracks, slice),
      `started ${clockText(BigInt(originNs) + BigInt(Math.round(tracks.start[slice] ?? 0)), 1e6)}`,
      ...(errorOf(slice) === '' ? [] : [errorOf(slice)]),
    ],
    states: data.states,
    focus: focus < tracks.start.length ? focus : -1,
    onFocus: setFocus,
    select,
    step: (way) => goTo(stepMatch(tracks, matches, selected, way)),
    jump,
    rows,
    selected: selectedAttempt,
    sums,
    sumsProblem: null,
  };
}

/** Beyond the last start nothing was loaded where the answer was cut. */
function lastStart(start: Float64Array): number {
  return start.reduce((latest, at) => Math.max(latest, at), Number.NEGATIVE_INFINITY);
}
