'use client';
/**
 * The timeline of a job with more attempts than one answer holds: lanes first, then tiles of the lanes and the window in view
 * (three times as wide as it), at the resolution of the screen. Filters and jumps are the server's.
 */
import { useCallback, useMemo, useState } from 'react';
import { clockText } from '../../lib/chart/time-ticks.ts';
import { colourLegend } from '../../lib/chart/timeline-colours.ts';
import { TILE_STATES, tiledWords } from '../../lib/chart/timeline-tiles.ts';
import { sliceWhere } from '../../lib/chart/timeline-words.ts';
import { LANE_PAGE } from '../../lib/model/timeline-tile.ts';
import { TimelineCanvas } from '../charts/timeline-canvas.tsx';
import { TimelineMinimap } from '../charts/timeline-minimap.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState } from '../ui/states.tsx';
import { TimelineDetails } from './timeline-details.tsx';
import { useLargePicks } from './timeline-large-picks.ts';
import { type LargeJob, useLargeScene } from './timeline-large-scene.ts';
import { TimelineLegend } from './timeline-legend.tsx';
import { TimelineSpan } from './timeline-span.tsx';
import { TimelineStrips } from './timeline-strips.tsx';
import { TimelineToolbar } from './timeline-toolbar.tsx';
import type { TimelineView } from './timeline-view.ts';
import { useTimelineWidth } from './timeline-width.ts';

const count = (value: number): string => value.toLocaleString('en-US');

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
  const { answer, narrow, filter } = job;
  const { query, set, setRange } = view;
  const { holder, width, labels } = useTimelineWidth();
  const [inView, setInView] = useState({ first: 0, last: LANE_PAGE });
  const onTracks = useCallback((first: number, last: number) => setInView({ first, last }), []);
  const lookAt = useCallback((lane: number) => setInView({ first: lane, last: lane + 1 }), []);
  const large = useLargeScene(job, view, width - labels, inView);
  const picks = useLargePicks(job, view, large, lookAt);
  const { scene, tiled, extent, whole, settled, isLoading, error } = large;
  const { tracks, functions, originNs } = scene;
  const range = view.range ?? whole;
  const [taskId = '', attempt = '0'] = query.sel.split(':');
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
        isLarge
        following={false}
        canFollow={false}
        onStep={() => picks.jump('longest')}
        onJump={picks.jump}
        onFit={() => setRange(null, 'zoom')}
        onFollow={() => undefined}
      />
      <p role="status" className="min-h-[18px] text-[12px] text-[var(--muted)]">
        {isLoading ? 'Loading what is in view' : picks.notice}
      </p>
      {error === null ? null : (
        <p role="alert" className="text-[var(--bad)]">
          ✕ A part of the timeline could not be loaded: {error.message}
        </p>
      )}
      <div className={taskId === '' ? '' : 'grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_24rem]'}>
        <Panel
          title={`${count(answer.matched)} ended attempts, ${count(answer.nodes.length)} nodes, ${count(answer.lanes.key.length)} lanes`}
          actions={<TimelineSpan originNs={originNs} range={range} more={`, as of ${asOf}`} />}
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
                  focus={picks.focus}
                  onRange={setRange}
                  onFocus={picks.setFocus}
                  onSelect={picks.select}
                  onJump={picks.jump}
                  onTracks={onTracks}
                  words={(slice) => `${tiledWords(tiled, slice)}, ${sliceWhere(tracks, slice)}`}
                  lines={(slice) => [
                    tiledWords(tiled, slice),
                    sliceWhere(tracks, slice),
                    `started ${clockText(BigInt(originNs) + BigInt(Math.round(tracks.start[slice] ?? 0)), 1e6)}`,
                  ]}
                />
                <TimelineStrips
                  narrow={narrow}
                  originNs={originNs}
                  range={range}
                  settled={settled}
                  width={width}
                  labels={labels}
                />
              </>
            )}
          </div>
          <TimelineLegend entries={colourLegend(large.color, functions, TILE_STATES)} hasPhases={false} />
        </Panel>
        {taskId === '' ? null : (
          <TimelineDetails
            narrow={narrow}
            taskId={taskId}
            attempt={Number(attempt)}
            lane={picks.focus === -1 ? '' : sliceWhere(tracks, picks.focus)}
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
