'use client';
/**
 * A timeline of tiles in a share: the attempts of the window that was in view where the share holds them, else a picture of the lanes.
 * The tiles to zoom in further are in no share; it says so.
 */
import { useMemo } from 'react';
import { readRange } from '../../../lib/chart/timeline/timeline-instant.ts';
import { sharedPicture } from '../../../lib/contract/pages/shared-picture.ts';
import { timelineAddress, timelineFirstPictureAddress } from '../../../lib/contract/requests/addresses.ts';
import { requestPath } from '../../../lib/contract/requests/request-path.ts';
import { WHOLE_TIMELINE } from '../../../lib/model/timeline-tile.ts';
import { useApi } from '../../queries/api-client.ts';
import { frozenWindow, useFrozenPage } from '../../queries/frozen.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { TimelineDetails } from '../timeline-details.tsx';
import { NotDrawn } from '../timeline-not-drawn.tsx';
import { TimelineSpan } from '../timeline-span.tsx';
import { TimelineSums } from '../timeline-sums.tsx';
import type { TimelineView } from '../timeline-view.ts';
import { WholeTimeline } from '../whole/whole-timeline.tsx';
import type { TiledJob } from './tile-scene.ts';
import { useTileSums } from './tile-sums.ts';

/** As an image it runs no script, whoever made the share. */
function Picture({ svg, className }: { svg: string; className: string }) {
  return (
    // biome-ignore lint/performance/noImgElement: its address is the picture itself, there is nothing to load
    <img
      src={`data:image/svg+xml,${encodeURIComponent(svg)}`}
      alt="Lanes of the whole job over time"
      className={`w-full min-w-[720px] ${className}`}
    />
  );
}

export function SharedTimeline({ job, view }: { job: TiledJob; view: TimelineView }) {
  const { jobRef, answer } = job;
  const page = useFrozenPage();
  const [pathname = ''] = requestPath(timelineAddress, { jobId: jobRef.jobId }).split('?');
  const window = useMemo(() => frozenWindow(page, pathname), [page, pathname]);
  const held = useApi(timelineAddress, { ...jobRef, ...window, limit: WHOLE_TIMELINE }, { enabled: window !== null });
  const { spreads } = useTileSums({ ...job, filter: {} }, null, true);
  if (window === null || held.data === undefined) return <SharedPicture job={job} view={view} />;
  const { originNs } = answer.fromNs === null ? held.data : { originNs: answer.fromNs };
  const range = readRange(window.from, window.to, originNs);
  return (
    <WholeTimeline
      job={{ data: held.data, jobRef, spreads }}
      answeredAtMs={page?.atMs ?? held.dataUpdatedAt}
      stale={null}
      about={
        <p role="status" className="text-[var(--muted)]">
          This share holds the {held.data.matched.toLocaleString('en-US')} attempts of{' '}
          {range === null ? 'one window' : <TimelineSpan originNs={originNs} range={range} />}, of{' '}
          {answer.matched.toLocaleString('en-US')} that ended in the job. Medians are of the whole job.
        </p>
      }
    />
  );
}

function SharedPicture({ job, view }: { job: TiledJob; view: TimelineView }) {
  const { answer, jobRef } = job;
  const { sums, problem, spreads } = useTileSums({ ...job, filter: {} }, null, true);
  const [taskId = '', attempt = '0'] = view.query.sel.split(':');
  const dark = useApi(timelineFirstPictureAddress, sharedPicture(jobRef, 'dark'));
  const light = useApi(timelineFirstPictureAddress, sharedPicture(jobRef, 'light'));
  const count = (value: number) => value.toLocaleString('en-US');
  return (
    <>
      <NotDrawn answer={answer} />
      <div className={taskId === '' ? '' : 'grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_24rem]'}>
        <Panel
          title={`${count(answer.matched)} ended attempts, ${count(answer.nodes.length)} nodes, ${count(answer.lanes.key.length)} lanes`}
          flush
        >
          {dark.data === undefined || light.data === undefined ? (
            <EmptyState title="The lanes are not part of this share">
              {count(answer.failures)} attempts failed. A timeline of this size is loaded in pieces as one looks at it:
              open the page in X-Ray to see its lanes. The sums below are of the whole job.
            </EmptyState>
          ) : (
            <figure>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
              {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
              <div role="group" aria-label="Lanes, as a picture" tabIndex={0} className="overflow-x-auto">
                <Picture svg={dark.data} className="hidden [[data-theme=dark]_&]:block" />
                <Picture svg={light.data} className="hidden [[data-theme=light]_&]:block" />
              </div>
              <figcaption className="px-4 py-2 text-[var(--muted)]">
                The first lanes over the whole job, as a picture; {count(answer.failures)} attempts failed. To zoom in,
                open the page in X-Ray.
              </figcaption>
            </figure>
          )}
        </Panel>
        {taskId === '' ? null : (
          <TimelineDetails
            jobRef={jobRef}
            taskId={taskId}
            attempt={Number(attempt)}
            lane=""
            nodeName={null}
            actor={null}
            spreadOf={(name) => spreads.get(name) ?? null}
            onAttempt={(other) => void view.set({ sel: `${taskId}:${other}` })}
            onTask={() => undefined}
            onClose={() => void view.set({ sel: '' })}
          />
        )}
      </div>
      <TimelineSums title="In the whole job" sums={sums} problem={problem} chosen="" onChoose={() => undefined} />
    </>
  );
}
