'use client';
/** One trace: its states around the waterfall. */
import { traceRoute } from '../../lib/contract/traces.ts';
import { useApi } from '../queries/api-client.ts';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { TraceWaterfall } from './trace-waterfall.tsx';

export function TracePage({ traceId }: { traceId: string }) {
  const answer = useApi(traceRoute, { traceId }, { refreshMs: 15_000 });
  return (
    <div className="space-y-3">
      <h1 className="font-semibold text-lg">
        <Link href="/traces">Traces</Link> <span className="text-[var(--muted)]">/</span>{' '}
        <span className="mono break-all font-normal">{traceId}</span>
      </h1>
      {answer.data === undefined ? (
        <Panel title="Trace">
          {answer.error ? (
            <ErrorState
              title={answer.error.problem.title}
              detail={answer.error.message}
              onRetry={() => void answer.refetch()}
            />
          ) : (
            <Skeleton rows={12} />
          )}
        </Panel>
      ) : (
        <>
          {answer.error ? (
            <p role="status" className="text-[var(--warn)]">
              ▲ Not refreshed: {answer.error.message}
            </p>
          ) : null}
          <TraceWaterfall trace={answer.data} />
        </>
      )}
    </div>
  );
}
