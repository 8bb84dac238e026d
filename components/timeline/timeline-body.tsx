'use client';
/** A timeline as it is looked at: toolbar, lanes or rows, the selected attempt, and sums of the window. */
import { colourLegend } from '../../lib/chart/colour/timeline-colours.ts';
import { lanesTitle } from '../../lib/chart/timeline/timeline-text.ts';
import { TimelineCanvas } from '../charts/timeline-canvas.tsx';
import { TimelineMinimap } from '../charts/timeline-minimap.tsx';
import type { useTimelineWidth } from '../charts/timeline-width.ts';
import { Panel } from '../ui/panel.tsx';
import { EmptyState } from '../ui/states.tsx';
import { TimelineDetails } from './timeline-details.tsx';
import { TimelineLegend } from './timeline-legend.tsx';
import type { TimelineSource } from './timeline-source.ts';
import { TimelineSpan } from './timeline-span.tsx';
import { TimelineStrips } from './timeline-strips.tsx';
import { TimelineSums } from './timeline-sums.tsx';
import { TimelineTable } from './timeline-table.tsx';
import { TimelineToolbar } from './timeline-toolbar.tsx';
import type { TimelineView } from './timeline-view.ts';

export function TimelineBody({
  source,
  view,
  jobRef,
  size: { holder, width, labels },
}: {
  source: TimelineSource;
  view: TimelineView;
  jobRef: { readonly jobId: string; readonly session?: string };
  size: ReturnType<typeof useTimelineWidth>;
}) {
  const { query, set, setRange } = view;
  const { clock, range, scene, selected, counts, toolbar } = source;
  const isTable = query.as === 'table';
  return (
    <>
      {clock.stale === null ? null : (
        <p role="status" className="text-[var(--warn)]">
          ▲ Not refreshed since {clock.answeredText} UTC: {clock.stale}
        </p>
      )}
      {source.incomplete}
      <div className="space-y-1">
        <TimelineToolbar
          view={view}
          {...toolbar}
          following={clock.isLive}
          canFollow={clock.isOpen}
          onStep={source.step}
          onJump={source.jump}
          onFit={() => setRange(null, 'zoom')}
          onFollow={() => {
            clock.pause(clock.isLive);
            void set({ live: clock.isLive ? '' : '1' });
            if (clock.isLive && view.range === null) setRange(range, 'pan');
          }}
        />
        <p role="status" className="min-h-[20px] text-[12px] text-[var(--muted)]">
          {source.status}
        </p>
      </div>
      {source.problem === null ? null : (
        <p role="alert" className="text-[var(--bad)]">
          ✕ A part of the timeline could not be loaded: {source.problem}
        </p>
      )}
      <div className={selected === null ? '' : 'grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_24rem]'}>
        <Panel
          title={lanesTitle(source.noun, counts.attempts, counts.nodes, counts.lanes)}
          actions={
            <TimelineSpan
              originNs={scene.originNs}
              range={range}
              more={source.asOf === null ? '' : `, as of ${source.asOf}`}
            />
          }
          flush
        >
          <div ref={holder} className="min-w-0">
            {source.empty !== null ? (
              <EmptyState title={source.empty.title}>{source.empty.text}</EmptyState>
            ) : isTable ? (
              <TimelineTable rows={source.rows} />
            ) : (
              <>
                <TimelineMinimap
                  extent={source.extent}
                  lanes={counts.lanes}
                  densityOf={source.densityOf}
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
                  focus={source.focus}
                  focusKey={source.focusKey ?? null}
                  onRange={setRange}
                  onFocus={source.onFocus}
                  onSelect={source.select}
                  onFold={view.fold}
                  onJump={source.jump}
                  {...(source.onTracks === undefined ? {} : { onTracks: source.onTracks })}
                  words={source.label}
                  lines={source.tooltip}
                />
              </>
            )}
            {source.empty === null ? (
              <TimelineStrips
                jobRef={jobRef}
                originNs={scene.originNs}
                range={range}
                settled={source.settled}
                width={width}
                labels={labels}
              />
            ) : null}
          </div>
          {isTable ? null : (
            <TimelineLegend
              entries={colourLegend(query.color, scene.functions, source.states)}
              hasPhases={scene.phases.size > 0}
            />
          )}
        </Panel>
        {selected === null ? null : <TimelineDetails {...selected} jobRef={jobRef} onClose={() => source.select(-1)} />}
      </div>
      <TimelineSums
        sums={source.sums}
        problem={source.sumsProblem}
        chosen={query.fn}
        onChoose={(fn) => void set({ fn })}
      />
    </>
  );
}
