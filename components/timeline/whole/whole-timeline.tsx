'use client';
/** The timeline of a job that one answer holds. */
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
}: {
  job: WholeJob;
  answeredAtMs: number;
  stale: string | null;
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
  const incomplete = <CompletenessBanner lines={lines} />;
  return <TimelineBody source={{ ...source, incomplete }} view={view} jobRef={jobRef} size={useTimelineWidth()} />;
}
