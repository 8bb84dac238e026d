'use client';
/** Timeline of one job: loading, error and stale states around the lanes. */
import { type ComponentProps, useEffect, useMemo, useState } from 'react';
import { timelineAddress, timelineLanesAddress } from '../../lib/contract/requests/addresses.ts';
import { WHOLE_TIMELINE } from '../../lib/model/timeline-tile.ts';
import { forgetFirstPicture } from '../charts/first-picture.tsx';
import { useApi } from '../queries/api-client.ts';
import { useFrozenPage } from '../queries/frozen.tsx';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { ErrorState } from '../ui/states.tsx';
import { SharedTimeline } from './tiles/shared-timeline.tsx';
import { TiledTimeline } from './tiles/tiled-timeline.tsx';
import { TimelineNotLoaded } from './timeline-not-loaded.tsx';
import { useTimelineFilter, useTimelineView } from './timeline-view.ts';
import { WholeTimeline } from './whole/whole-timeline.tsx';

/** Above this a refresh is too dear to repeat every few seconds. */
const LARGE = 20_000;
const FRESH_NS = 300_000_000_000n;

export function TimelinePage({ jobId, session }: { jobId: string; session: string | null }) {
  const jobRef = useMemo(() => ({ jobId, ...(session === null ? {} : { session }) }), [jobId, session]);
  const { filter, order } = useTimelineFilter();
  const [refreshMs, setRefreshMs] = useState<number | false>(5_000);
  // Known once a job was seen to be large: filters leave few of its attempts, but it stays large.
  const [isLarge, setIsLarge] = useState<boolean | null>(null);
  const options = isLarge === true ? { ...filter, ...(order === 'node' ? {} : { order }) } : {};
  const lanes = useApi(
    timelineLanesAddress,
    { ...jobRef, ...options },
    { refreshMs: isLarge === false ? false : refreshMs },
  );
  useEffect(() => {
    if (lanes.data === undefined || isLarge !== null) return;
    setIsLarge(lanes.data.matched > WHOLE_TIMELINE || lanes.data.isBeingMade);
  }, [lanes.data, isLarge]);
  const whole = useApi(timelineAddress, jobRef, { enabled: isLarge === false, refreshMs });
  useEffect(() => {
    // Its lanes were not all kept yet when it was looked at first.
    if (isLarge === false && whole.data !== undefined && whole.data.matched > WHOLE_TIMELINE) setIsLarge(true);
  }, [isLarge, whole.data]);
  useEffect(() => {
    const data = isLarge === false ? whole.data : lanes.data;
    if (data === undefined || data.toNs === null) return;
    const isOver = lanes.data?.isBeingMade !== true && BigInt(data.nowNs) - BigInt(data.toNs) > FRESH_NS;
    setRefreshMs(isOver ? false : data.matched > LARGE ? 20_000 : 5_000);
  }, [isLarge, whole.data, lanes.data]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a picture is of one job
  useEffect(() => forgetFirstPicture, [jobRef]);
  const error = lanes.data === undefined ? lanes : whole.data === undefined && isLarge === false ? whole : null;
  const suffix = session === null ? '' : `?session=${encodeURIComponent(session)}`;
  return (
    <div className="space-y-3">
      <h1 className="font-semibold text-lg">
        Timeline of <Link href={`/jobs/${encodeURIComponent(jobId)}${suffix}`}>{jobId}</Link>
      </h1>
      {isLarge === true && lanes.data !== undefined ? (
        <Tiled
          job={{ answer: lanes.data, jobRef, filter }}
          answeredAtMs={lanes.dataUpdatedAt}
          stale={lanes.error?.message ?? null}
        />
      ) : isLarge === false && whole.data !== undefined ? (
        <WholeTimeline
          job={{ data: whole.data, jobRef }}
          answeredAtMs={whole.dataUpdatedAt}
          stale={whole.error?.message ?? null}
        />
      ) : error?.error ? (
        <Panel title="Timeline">
          <ErrorState
            title={error.error.problem.title}
            detail={error.error.message}
            onRetry={() => void error.refetch()}
          />
        </Panel>
      ) : (
        <TimelineNotLoaded />
      )}
    </div>
  );
}

function Tiled(props: Omit<ComponentProps<typeof TiledTimeline>, 'view'>) {
  const view = useTimelineView(props.job.answer.fromNs ?? '0');
  const isShare = useFrozenPage() !== null;
  return isShare ? <SharedTimeline job={props.job} view={view} /> : <TiledTimeline {...props} view={view} />;
}
