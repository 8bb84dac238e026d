'use client';
/** The lanes of one job with all that moves them: view, search, selection, live, and the panels that follow the window. */
import { useCallback, useMemo, useState } from 'react';
import { colourLegend, packColour, sliceColours } from '../../lib/chart/colour/timeline-colours.ts';
import { completenessLines } from '../../lib/chart/format/completeness-text.ts';
import { clockText } from '../../lib/chart/time-series/time-ticks.ts';
import { trackDensity } from '../../lib/chart/timeline/timeline-density.ts';
import { keptRows, nodesOfLanes } from '../../lib/chart/timeline/timeline-filter.ts';
import { prepareTracks, withNow } from '../../lib/chart/timeline/timeline-lanes.ts';
import { layoutRows } from '../../lib/chart/timeline/timeline-layout.ts';
import type { TimeRange } from '../../lib/chart/timeline/timeline-raster.ts';
import { findSlices, stepMatch } from '../../lib/chart/timeline/timeline-search.ts';
import { lanesTitle, sliceText, sliceWhere } from '../../lib/chart/timeline/timeline-text.ts';
import {
  fitRange,
  longestVisible,
  nextFailure,
  sumWindow,
  windowAround,
} from '../../lib/chart/timeline/timeline-window.ts';
import type { TimelineWire } from '../../lib/contract/timeline.ts';
import { TimelineCanvas } from '../charts/timeline-canvas.tsx';
import type { TimelineJump } from '../charts/timeline-input.ts';
import { TimelineMinimap } from '../charts/timeline-minimap.tsx';
import type { TimelineScene } from '../charts/timeline-scene.ts';
import { useCanvasTheme } from '../charts/timeline-theme.ts';
import { useTimelineWidth } from '../charts/timeline-width.ts';
import { CompletenessBanner } from '../panels/completeness-banner.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState } from '../ui/states.tsx';
import { TimelineDetails } from './timeline-details.tsx';
import { useGapJump } from './timeline-gaps.ts';
import { TimelineLegend } from './timeline-legend.tsx';
import { useNow, windowAtNow } from './timeline-live.ts';
import { usePhases } from './timeline-phases.ts';
import { useSelectedAttempt } from './timeline-selected.ts';
import { TimelineSpan } from './timeline-span.tsx';
import { TimelineStrips } from './timeline-strips.tsx';
import { TimelineSums } from './timeline-sums.tsx';
import { TimelineTable } from './timeline-table.tsx';
import { TimelineToolbar } from './timeline-toolbar.tsx';
import { useTimelineView } from './timeline-view.ts';

export function Timeline({
  data,
  answeredAtMs,
  jobRef,
  stale,
}: {
  data: TimelineWire;
  answeredAtMs: number;
  jobRef: { readonly jobId: string; readonly session?: string };
  stale: string | null;
}) {
  const view = useTimelineView(data.originNs);
  const { query, set, setRange } = view;
  const { holder, width, labels } = useTimelineWidth();
  const theme = useCanvasTheme();
  const [focus, setFocus] = useState(-1);

  const { fn, state, node, actor, longer, order } = query;
  const prepared = useMemo(
    () => prepareTracks(data, { order, keep: keptRows(data, { fn, state, node, actor, longer }) }),
    [data, fn, state, node, actor, longer, order],
  );
  const nodes = useMemo(() => nodesOfLanes(data), [data]);
  const isOpen = useMemo(() => prepared.running.includes(1), [prepared]);
  const [paused, setPaused] = useState(false);
  const following = isOpen && !paused && stale === null;
  const now = useNow(data, answeredAtMs, following);
  const tracks = useMemo(() => withNow(prepared, now), [prepared, now]);
  const layout = useMemo(() => layoutRows(tracks, view.folded), [tracks, view.folded]);

  const whole = useMemo(() => fitRange(tracks.extent), [tracks.extent]);
  const isLive = following && (view.range === null || query.live === '1');
  const range = view.range === null ? whole : isLive ? windowAtNow(view.range, now) : view.range;
  const settled = view.settled ?? whole;
  const {
    row: selectedRow,
    slice: selected,
    chain,
    links,
    spread,
  } = useSelectedAttempt(jobRef, data, prepared, tracks, query.sel);
  const keyOf = (slice: number) => {
    const row = tracks.attempt[slice] ?? -1;
    return `${data.columns.taskId[row] ?? ''}:${data.columns.attempt[row] ?? 0}`;
  };
  const select = (slice: number) => {
    setFocus(slice);
    void set({ sel: slice === -1 ? '' : keyOf(slice) });
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
      originNs: data.originNs,
      loaded: {
        from: Number.NEGATIVE_INFINITY,
        to: data.limited ? lastStart(tracks.start) : isOpen ? now : Number.POSITIVE_INFINITY,
      },
      phases,
      selected,
      chain,
      links,
    }),
    [tracks, layout, colours, data.functions, data.originNs, data.limited, isOpen, now, phases, selected, chain, links],
  );
  const names = { functions: data.functions, states: data.states, attempts: data.columns.attempt };
  const densityOf = useCallback(
    (all: TimeRange, pixels: number) => trackDensity(prepared, 0, prepared.tracks.length, all, pixels),
    [prepared],
  );
  const failures = tracks.failedBefore.at(-1) ?? 0;
  const lane = data.lanes[data.columns.lane[selectedRow] ?? -1];
  const sums = useMemo(
    () => sumWindow(prepared, settled).map((sum) => ({ ...sum, name: data.functions[sum.functionIndex] ?? '' })),
    [prepared, settled, data.functions],
  );
  const taskId = data.columns.taskId[selectedRow];
  return (
    <>
      {stale === null ? null : (
        <p role="status" className="text-[var(--warn)]">
          ▲ Not refreshed since {new Date(answeredAtMs).toISOString().slice(11, 19)} UTC: {stale}
        </p>
      )}
      <CompletenessBanner
        lines={completenessLines(data.completeness, {
          attempts: data.matched,
          limited: data.limited,
          neverRan: tracks.neverRan,
          tooDeep: tracks.tooDeep,
        })}
      />
      <TimelineToolbar
        view={view}
        functions={data.functions}
        states={data.states}
        nodes={nodes}
        isWhole
        found={matching === null ? null : matches.length}
        at={selected === -1 ? -1 : matches.indexOf(selected)}
        failures={failures}
        following={isLive}
        canFollow={isOpen}
        onStep={(way) => goTo(stepMatch(tracks, matches, selected, way))}
        onJump={jump}
        onFit={() => setRange(null, 'zoom')}
        onFollow={() => {
          setPaused(isLive);
          void set({ live: isLive ? '' : '1' });
          if (isLive && view.range === null) setRange(range, 'pan');
        }}
      />
      {gaps.notice === '' ? null : (
        <p role="status" className="text-[12px] text-[var(--muted)]">
          {gaps.notice}
        </p>
      )}
      <div className={taskId === undefined ? '' : 'grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_24rem]'}>
        <Panel
          title={lanesTitle('attempt', tracks.start.length, tracks.groups.length, tracks.tracks.length)}
          actions={<TimelineSpan originNs={data.originNs} range={range} />}
          flush
        >
          <div ref={holder} className="min-w-0">
            {tracks.start.length === 0 ? (
              <EmptyState title="No attempt has run">
                {query.fn !== '' || query.state !== ''
                  ? 'Nothing in this job matches the function and state chosen above.'
                  : 'Nothing in this job has reached a worker yet.'}
              </EmptyState>
            ) : query.as === 'table' ? (
              <TimelineTable
                data={data}
                tracks={tracks}
                range={settled}
                matches={matching}
                selected={selected}
                onSelect={select}
              />
            ) : (
              <>
                <TimelineMinimap
                  extent={prepared.extent}
                  lanes={prepared.tracks.length}
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
                  focus={focus < tracks.start.length ? focus : -1}
                  onRange={setRange}
                  onFocus={setFocus}
                  onSelect={select}
                  onFold={view.fold}
                  onJump={jump}
                  words={(slice) => `${sliceText(tracks, names, slice)}, ${sliceWhere(tracks, slice)}`}
                  lines={(slice) => [
                    sliceText(tracks, names, slice),
                    sliceWhere(tracks, slice),
                    `started ${clockText(BigInt(data.originNs) + BigInt(Math.round(tracks.start[slice] ?? 0)), 1e6)}`,
                    ...(data.columns.error[tracks.attempt[slice] ?? 0]
                      ? [data.errors[data.columns.error[tracks.attempt[slice] ?? 0] ?? 0] ?? '']
                      : []),
                  ]}
                />
              </>
            )}
            {tracks.start.length === 0 ? null : (
              <TimelineStrips
                jobRef={jobRef}
                originNs={data.originNs}
                range={range}
                settled={settled}
                width={width}
                labels={labels}
              />
            )}
          </div>
          <TimelineLegend
            entries={colourLegend(query.color, data.functions, data.states)}
            hasPhases={phases.size > 0}
          />
        </Panel>
        {taskId === undefined ? null : (
          <TimelineDetails
            jobRef={jobRef}
            taskId={taskId}
            attempt={data.columns.attempt[selectedRow] ?? 0}
            lane={
              selected !== -1
                ? sliceWhere(tracks, selected)
                : (data.columns.start[selectedRow] ?? null) === null
                  ? 'never reached a worker'
                  : 'on none of the lanes shown'
            }
            nodeName={lane?.nodeName ?? null}
            actor={lane?.actor ?? null}
            spreadOf={() => spread}
            onAttempt={(attempt) => {
              const other = chain.find((slice) => data.columns.attempt[tracks.attempt[slice] ?? -1] === attempt);
              if (other === undefined) void set({ sel: `${taskId}:${attempt}` });
              else goTo(other);
            }}
            onTask={(other) => {
              const slice = tracks.sliceOf[data.columns.taskId.lastIndexOf(other)] ?? -1;
              if (slice === -1) void set({ sel: `${other}:0` });
              else goTo(slice);
            }}
            onClose={() => select(-1)}
          />
        )}
      </div>
      <TimelineSums sums={sums} chosen={query.fn} onChoose={(fn) => void set({ fn })} />
    </>
  );
}

/** Beyond the last start nothing was loaded where the answer was cut. */
function lastStart(start: Float64Array): number {
  return start.reduce((latest, at) => Math.max(latest, at), Number.NEGATIVE_INFINITY);
}
