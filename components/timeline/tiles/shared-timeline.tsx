'use client';
/** A timeline of tiles in a share: a picture of its lanes, its sums and the selected task. The tiles to zoom in are in no share; it says so. */
import { sharedPicture, timelineFirstPictureRoute } from '../../../lib/contract/timeline-tile.ts';
import { useApi } from '../../queries/api-client.ts';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { TimelineDetails } from '../timeline-details.tsx';
import { NotDrawn } from '../timeline-not-drawn.tsx';
import { TimelineSums } from '../timeline-sums.tsx';
import type { TimelineView } from '../timeline-view.ts';
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
  const { answer, jobRef } = job;
  const { sums, problem, spreads } = useTileSums({ ...job, filter: {} }, null, true);
  const [taskId = '', attempt = '0'] = view.query.sel.split(':');
  const dark = useApi(timelineFirstPictureRoute, sharedPicture(jobRef, 'dark'));
  const light = useApi(timelineFirstPictureRoute, sharedPicture(jobRef, 'light'));
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
