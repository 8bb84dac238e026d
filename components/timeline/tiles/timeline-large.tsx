'use client';
/**
 * The timeline of a job with more attempts than one answer holds: lanes first, then tiles of the lanes and the window in view
 * (three times as wide as it), at the resolution of the screen. Filters and jumps are the server's.
 */
import { useCallback, useEffect, useMemo, useState } from 'react';
import { colourLegend } from '../../../lib/chart/colour/timeline-colours.ts';
import { clockText } from '../../../lib/chart/time-series/time-ticks.ts';
import { lanesTitle, sliceWhere, trackWhere } from '../../../lib/chart/timeline/timeline-text.ts';
import { TILE_STATES, tiledText } from '../../../lib/chart/timeline/timeline-tiles.ts';
import { fitRange } from '../../../lib/chart/timeline/timeline-window.ts';
import { LANE_PAGE } from '../../../lib/model/timeline-tile.ts';
import { TimelineCanvas } from '../../charts/timeline-canvas.tsx';
import type { TimelineJump } from '../../charts/timeline-input.ts';
import { TimelineMinimap } from '../../charts/timeline-minimap.tsx';
import { useTimelineWidth } from '../../charts/timeline-width.ts';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { TimelineDetails } from '../timeline-details.tsx';
import { useGapJump } from '../timeline-gaps.ts';
import { TimelineLegend } from '../timeline-legend.tsx';
import { useNow, windowAtNow } from '../timeline-live.ts';
import { NotDrawn } from '../timeline-not-drawn.tsx';
import { TimelineSpan } from '../timeline-span.tsx';
import { TimelineStrips } from '../timeline-strips.tsx';
import { TimelineSums } from '../timeline-sums.tsx';
import { TimelineToolbar } from '../timeline-toolbar.tsx';
import type { TimelineView } from '../timeline-view.ts';
import { useLargeChain, useLargePhases } from './timeline-large-marks.ts';
import { type LargeJob, useLargeScene } from './timeline-large-scene.ts';
import { useLargeSelection } from './timeline-large-selection.ts';
import { useLargeSums } from './timeline-large-sums.ts';
import { LargeTable } from './timeline-large-table.tsx';

export function LargeTimeline({
  job,
  answeredAtMs,
  stale,
  view,
}: {
  job: LargeJob;
  answeredAtMs: number;
  stale: string | null;
  view: TimelineView;
}) {
  const { answer, jobRef, filter } = job;
  const { query, set } = view;
  const { holder, width, labels } = useTimelineWidth();
  const [inView, setInView] = useState({ first: 0, last: LANE_PAGE });
  const onTracks = useCallback((first: number, last: number) => setInView({ first, last }), []);
  const lookAt = useCallback((lane: number) => setInView({ first: lane, last: lane + 1 }), []);

  const originNs = answer.fromNs ?? '0';
  const answeredAt = Number(BigInt(answer.nowNs) - BigInt(originNs));
  const isOpen = answer.running.length > 0;
  const [paused, setPaused] = useState(false);
  const following = isOpen && !paused && stale === null;
  const now = useNow({ nowNs: answer.nowNs, originNs }, answeredAtMs, following);
  const isLive = following && (view.range === null || query.live === '1');
  // What is asked for moves on with the answers, what is drawn with the clock.
  const settledAt = isLive && view.settled !== null ? windowAtNow(view.settled, answeredAt) : view.settled;
  const settledKey = settledAt === null ? '' : `${Math.round(settledAt.from)} ${Math.round(settledAt.to)}`;
  const settled = useMemo(() => {
    const [from, to] = settledKey.split(' ').map(Number);
    return from === undefined || to === undefined ? null : { from, to };
  }, [settledKey]);
  const window = useMemo(
    () =>
      settled === null
        ? null
        : {
            from: (BigInt(originNs) + BigInt(Math.max(0, settled.from))).toString(),
            to: (BigInt(originNs) + BigInt(Math.max(1, settled.to))).toString(),
          },
    [settled, originNs],
  );
  const [isDrawn, setIsDrawn] = useState(false);
  const sums = useLargeSums(job, window, isDrawn);
  const large = useLargeScene(job, view, {
    settled,
    answeredAt,
    now,
    plot: query.as === 'table' ? 0 : width - labels,
    inView,
    medians: sums.medians,
  });
  const { tiled, extent, whole, isLoading, error } = large;
  const { tracks, functions } = large.scene;
  const [taskId = '', attempt = '0'] = query.sel.split(':');
  const { selected, chain, lane } = useLargeChain(job, tracks, taskId, Number(attempt));
  const phases = useLargePhases(job, tracks, window, sums.count);
  const scene = useMemo(() => ({ ...large.scene, selected, chain, phases }), [large.scene, selected, chain, phases]);
  // Sums read every attempt of the window: after what somebody waits for.
  const isThere = large.pages.size > 0 || query.as === 'table' || answer.lanes.key.length === 0;
  useEffect(() => {
    if (isThere) setIsDrawn(true);
  }, [isThere]);
  const range =
    view.range === null
      ? isOpen
        ? fitRange({ from: 0, to: Math.max(extent.to, now) })
        : whole
      : isLive
        ? windowAtNow(view.range, now)
        : view.range;
  const { setRange } = view;
  const selection = useLargeSelection(job, view, large, range, lookAt);
  const gaps = useGapJump(tracks, range, 2 ** large.resolution, inView, (there) => setRange(there, 'jump'), lookAt);
  const notice = selection.notice || gaps.notice;
  const jump = (to: TimelineJump) => {
    gaps.forget();
    selection.forget();
    if (to !== 'gap') selection.jump(to);
    // Lanes that are not loaded yet would look idle, or as if nothing were; the line below the toolbar says that they load.
    else if (!isLoading && large.pages.size > 0) gaps.jump();
  };
  const names = useMemo(
    () => [...new Set([...answer.functions, query.fn].filter(Boolean))].sort(),
    [answer.functions, query.fn],
  );
  const asOf = new Date(answeredAtMs).toISOString().slice(11, 19);
  return (
    <>
      {stale === null ? null : (
        <p role="status" className="text-[var(--warn)]">
          ▲ Not refreshed since {asOf} UTC: {stale}
        </p>
      )}
      {answer.isBeingMade ? (
        <p role="status" className="text-[var(--warn)]">
          ▲ Much of this job came in just now: its timeline is being made and does not hold all of it yet.
        </p>
      ) : null}
      <TimelineToolbar
        view={view}
        functions={names}
        states={['FINISHED', 'FAILED']}
        found={filter.text === undefined ? null : answer.matched}
        at={-1}
        failures={answer.failures}
        following={isLive}
        canFollow={isOpen}
        nodes={answer.nodes}
        onStep={selection.step}
        onJump={jump}
        onFit={() => setRange(null, 'zoom')}
        onFollow={() => {
          setPaused(isLive);
          void set({ live: isLive ? '' : '1' });
          if (isLive && view.range === null) setRange(range, 'pan');
        }}
      />
      <NotDrawn answer={answer} />
      <p role="status" className="min-h-[20px] text-[12px] text-[var(--muted)]">
        {isLoading ? 'Loading what is in view' : notice}
      </p>
      {error === null ? null : (
        <p role="alert" className="text-[var(--bad)]">
          ✕ A part of the timeline could not be loaded: {error.message}
        </p>
      )}
      <div className={taskId === '' ? '' : 'grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_24rem]'}>
        <Panel
          title={lanesTitle('ended attempt', answer.matched, answer.nodes.length, answer.lanes.key.length)}
          actions={<TimelineSpan originNs={originNs} range={range} more={`, as of ${asOf}`} />}
          flush
        >
          <div ref={holder} className="min-w-0">
            {answer.lanes.key.length === 0 ? (
              <EmptyState title="No attempt matches">Nothing in this job matches what is chosen above.</EmptyState>
            ) : query.as === 'table' ? (
              <LargeTable
                job={job}
                window={window}
                count={sums.count}
                medians={sums.medians}
                selected={query.sel}
                onSelect={selection.pick}
              />
            ) : (
              <>
                <TimelineMinimap
                  extent={extent}
                  lanes={answer.lanes.key.length}
                  densityOf={large.densityOf}
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
                  focus={selection.focus}
                  focusKey={selection.focusKey}
                  onRange={setRange}
                  onFocus={selection.setFocus}
                  onSelect={selection.select}
                  onFold={view.fold}
                  onJump={jump}
                  onTracks={onTracks}
                  words={(slice) => `${tiledText(tiled, slice)}, ${sliceWhere(tracks, slice)}`}
                  lines={(slice) => [
                    tiledText(tiled, slice),
                    sliceWhere(tracks, slice),
                    `started ${clockText(BigInt(originNs) + BigInt(Math.round(tracks.start[slice] ?? 0)), 1e6)}`,
                  ]}
                />
                <TimelineStrips
                  jobRef={jobRef}
                  originNs={originNs}
                  range={range}
                  settled={settled ?? whole}
                  width={width}
                  labels={labels}
                />
              </>
            )}
          </div>
          {query.as === 'table' ? null : (
            <TimelineLegend entries={colourLegend(query.color, functions, TILE_STATES)} hasPhases={phases.size > 0} />
          )}
        </Panel>
        {taskId === '' ? null : (
          <TimelineDetails
            jobRef={jobRef}
            taskId={taskId}
            attempt={Number(attempt)}
            lane={selection.where || (lane === -1 ? '' : trackWhere(tracks, lane))}
            nodeName={answer.nodes[answer.lanes.node[lane] ?? -1]?.nodeName ?? null}
            actor={answer.lanes.actor[lane] ?? null}
            spreadOf={(name) => sums.spreads.get(name) ?? null}
            onAttempt={(other) => void set({ sel: `${taskId}:${other}` })}
            onTask={(other) => void set({ sel: `${other}:0` })}
            onClose={() => void set({ sel: '' })}
          />
        )}
      </div>
      <TimelineSums sums={sums.sums} problem={sums.problem} chosen={query.fn} onChoose={(fn) => void set({ fn })} />
    </>
  );
}
