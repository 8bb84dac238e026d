'use client';
/** Timeline of one job: loading, error and stale states around the lanes. */
import { useEffect, useState } from 'react';
import { timelineRoute } from '../../lib/contract/timeline.ts';
import { useApi } from '../queries/api-client.ts';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { ErrorState } from '../ui/states.tsx';
import { Timeline } from './timeline-lanes.tsx';

/** Above this a refresh is too dear to repeat every few seconds. */
const LARGE = 20_000;
const FRESH_NS = 300_000_000_000n;

export function TimelinePage({ jobId, session }: { jobId: string; session: string | null }) {
  const narrow = { jobId, ...(session === null ? {} : { session }) };
  const [refreshMs, setRefreshMs] = useState<number | false>(5_000);
  const answer = useApi(timelineRoute, narrow, { refreshMs });
  const { data } = answer;
  useEffect(() => {
    if (data === undefined) return;
    const isOver = BigInt(data.nowNs) - BigInt(data.toNs) > FRESH_NS;
    setRefreshMs(isOver ? false : data.matched > LARGE ? 20_000 : 5_000);
  }, [data]);
  const suffix = session === null ? '' : `?session=${encodeURIComponent(session)}`;
  return (
    <div className="space-y-3">
      <h1 className="font-semibold text-lg">
        Timeline of <Link href={`/jobs/${encodeURIComponent(jobId)}${suffix}`}>{jobId}</Link>
      </h1>
      {data === undefined ? (
        answer.error ? (
          <Panel title="Timeline">
            <ErrorState
              title={answer.error.problem.title}
              detail={answer.error.message}
              onRetry={() => void answer.refetch()}
            />
          </Panel>
        ) : (
          <NotLoaded />
        )
      ) : (
        <Timeline
          data={data}
          answeredAtMs={answer.dataUpdatedAt}
          narrow={narrow}
          stale={answer.error?.message ?? null}
        />
      )}
    </div>
  );
}

/** The same checkerboard that the lanes wear where nothing is loaded yet, at the size that the lanes will have. */
function NotLoaded() {
  return (
    <div role="status" aria-label="Loading the timeline" className="space-y-3">
      <div className="h-9 rounded-md border border-[var(--line)] bg-[var(--panel)]" />
      <div className="h-8 rounded bg-[var(--panel)]" />
      <div className="overflow-hidden rounded-md border border-[var(--line)] bg-[var(--panel)]">
        <div className="h-10 border-[var(--line)] border-b px-4 py-2 text-[var(--muted)]">Loading attempts</div>
        <div
          className="h-[62vh] opacity-50"
          style={{
            background: 'repeating-conic-gradient(var(--line) 0 25%, transparent 0 50%) 0 0 / 12px 12px',
          }}
        />
      </div>
    </div>
  );
}
