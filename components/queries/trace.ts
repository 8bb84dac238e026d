'use client';
/** One trace: its size decides whether its spans come in full (JSON) or in columns (bytes), details and finds one by one. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Problem } from '../../lib/contract/problem.ts';
import { requestPath } from '../../lib/contract/route.ts';
import {
  type SpanWireValue,
  spanRoute,
  type TraceWire,
  traceColumnsRoute,
  traceFoundRoute,
  traceRoute,
  traceSizeRoute,
} from '../../lib/contract/traces.ts';
import { decodeTraceColumns, type TraceColumns } from '../../lib/model/trace-columns.ts';
import { ApiError, useApi } from './api-client.ts';
import { useFrozenPage } from './frozen.tsx';

/** Up to so many spans come in full at once: their details are there before they are asked for. */
const IN_FULL = 5_000;
const REFRESH_MS = 15_000;

async function askColumns(path: string, signal: AbortSignal): Promise<TraceColumns> {
  const response = await fetch(path, { signal });
  if (response.ok && response.body !== null) {
    const plain = response.body.pipeThrough(new DecompressionStream('gzip'));
    return decodeTraceColumns(await new Response(plain).arrayBuffer());
  }
  const problem = Problem.safeParse(await response.json().catch(() => null));
  throw new ApiError(
    problem.success
      ? problem.data
      : {
          type: 'about:blank',
          title: 'The spans could not be loaded',
          code: 'network',
          status: response.status,
          detail: `X-Ray answered ${response.status} to ${path}`,
        },
  );
}

export interface TraceAnswer {
  /** The spans in full; null where they are too many. */
  readonly full: TraceWire | null;
  readonly columns: TraceColumns | null;
  readonly error: ApiError | Error | null;
  readonly refetch: () => void;
}

/** A share holds spans in full only; what it leaves out it says. */
export function useTrace(traceId: string): TraceAnswer {
  const frozen = useFrozenPage();
  const size = useApi(traceSizeRoute, { traceId }, { enabled: frozen === null, refreshMs: REFRESH_MS });
  const spans = size.data?.spans;
  const isLarge = spans !== undefined && spans > IN_FULL;
  const full = useApi(
    traceRoute,
    { traceId },
    { enabled: frozen !== null || (spans !== undefined && !isLarge), refreshMs: REFRESH_MS },
  );
  const path = requestPath(traceColumnsRoute, { traceId });
  const columns = useQuery({
    queryKey: ['SPANS', path, size.data?.version],
    queryFn: ({ signal }) => askColumns(path, signal),
    enabled: isLarge,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
    retry: 1,
  });
  return {
    full: isLarge ? null : (full.data ?? null),
    columns: isLarge ? (columns.data ?? null) : null,
    error: size.error ?? (isLarge ? columns.error : full.error),
    refetch: () => {
      if (frozen === null) void size.refetch();
      void (isLarge ? columns.refetch() : full.refetch());
    },
  };
}

/** One span in full; `known`: it is here already. */
export function useSpan(traceId: string, spanId: string, known: SpanWireValue | undefined) {
  const answer = useApi(
    spanRoute,
    { traceId, spanId },
    { enabled: known === undefined && spanId !== '', refreshMs: false },
  );
  return { span: known ?? (answer.data?.spanId === spanId ? answer.data : undefined), error: answer.error };
}

/** Where a text is found, asked of the server; '' asks nothing. */
export function useFound(traceId: string, text: string) {
  return useApi(traceFoundRoute, { traceId, text }, { enabled: text !== '', refreshMs: false });
}
