'use client';
/** The timeline of a job with more attempts than one answer holds. */
import { useTimelineWidth } from '../../charts/timeline-width.ts';
import { TimelineBody } from '../timeline-body.tsx';
import { NotDrawn } from '../timeline-not-drawn.tsx';
import type { TimelineView } from '../timeline-view.ts';
import type { TiledJob } from './tile-scene.ts';
import { useTileSource } from './tile-source.ts';

export function TiledTimeline({
  job,
  answeredAtMs,
  stale,
  view,
}: {
  job: TiledJob;
  answeredAtMs: number;
  stale: string | null;
  view: TimelineView;
}) {
  const size = useTimelineWidth();
  const source = useTileSource(job, view, { answeredAtMs, stale, plot: size.width - size.labels });
  const incomplete = (
    <>
      {job.answer.isBeingMade ? (
        <p role="status" className="text-[var(--warn)]">
          ▲ Much of this job came in just now: its timeline is being made and does not hold all of it yet.
        </p>
      ) : null}
      <NotDrawn answer={job.answer} />
    </>
  );
  return <TimelineBody source={{ ...source, incomplete }} view={view} jobRef={job.jobRef} size={size} />;
}
