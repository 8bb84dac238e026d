'use client';
/** The timeline of a job, or of a window of it, that one answer holds. */
import type { ReactNode } from 'react';
import { completenessLines } from '../../../lib/chart/format/completeness-text.ts';
import { useTimelineWidth } from '../../charts/timeline-width.ts';
import { CompletenessBanner } from '../../panels/completeness-banner.tsx';
import { TimelineBody } from '../timeline-body.tsx';
import { useTimelineView } from '../timeline-view.ts';
import { useWholeSource, type WholeJob } from './whole-source.ts';

export function WholeTimeline({
  job,
  answeredAtMs,
  stale,
  about,
}: {
  job: WholeJob;
  answeredAtMs: number;
  stale: string | null;
  /** What is said above the lanes in place of that the answer is complete. */
  about?: ReactNode;
}) {
  const { data, jobRef } = job;
  const view = useTimelineView(data.originNs);
  const { neverRan, tooDeep, ...source } = useWholeSource(job, view, { answeredAtMs, stale });
  const lines = completenessLines(data.completeness, {
    attempts: data.matched,
    limited: data.limited,
    neverRan,
    tooDeep,
  });
  const shown = about === undefined ? lines : lines.filter(({ tone }) => tone === 'bad' || tone === 'warn');
  const incomplete = (
    <>
      {about}
      {shown.length === 0 ? null : <CompletenessBanner lines={shown} />}
    </>
  );
  return <TimelineBody source={{ ...source, incomplete }} view={view} jobRef={jobRef} size={useTimelineWidth()} />;
}
