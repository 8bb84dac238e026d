'use client';
/** One trace: its states around the waterfall. */
import { useTrace } from '../queries/trace.ts';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { useTraceModel } from './trace-model.ts';
import { TraceWaterfall } from './trace-waterfall.tsx';

export function TracePage({ traceId }: { traceId: string }) {
  const answer = useTrace(traceId);
  const model = useTraceModel(traceId, answer.full, answer.columns);
  const { error } = answer;
  return (
    <div className="space-y-3">
      <h1 className="font-semibold text-lg">
        <Link href="/traces">Traces</Link> <span className="text-[var(--muted)]">/</span>{' '}
        <span className="mono break-all font-normal">{traceId}</span>
      </h1>
      {model === null ? (
        <Panel title="Trace">
          {error ? (
            <ErrorState
              title={'problem' in error ? error.problem.title : 'The spans cannot be read'}
              detail={error.message}
              onRetry={answer.refetch}
            />
          ) : (
            <Skeleton rows={12} />
          )}
        </Panel>
      ) : (
        <>
          {error ? (
            <p role="status" className="text-[var(--warn)]">
              ▲ Not refreshed: {error.message}
            </p>
          ) : null}
          <TraceWaterfall model={model} />
        </>
      )}
    </div>
  );
}
