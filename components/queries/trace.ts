'use client';
/** One trace: its spans in columns (bytes), and in full (JSON) where they are few; details and finds of large ones one by one. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { readProblem } from '../../lib/contract/read-problem.ts';
import {
  spanAddress,
  traceAddress,
  traceColumnsAddress,
  traceFoundAddress,
  traceSizeAddress,
} from '../../lib/contract/requests/addresses.ts';
import { requestPath } from '../../lib/contract/requests/request-path.ts';
import type { SpanWireValue, TraceWire } from '../../lib/contract/traces.ts';
import { decodeTraceColumns, type TraceColumns } from '../../lib/model/trace-columns.ts';
import { ApiError, useApi } from './api-client.ts';
import { takeEarly } from './early-answers.ts';
import { useFrozenPage } from './frozen.tsx';

/** Up to so many spans come in full at once: their details are there before they are asked for. */
const IN_FULL = 5_000;
const REFRESH_MS = 15_000;

async function askColumns(path: string, signal: AbortSignal): Promise<TraceColumns> {
  const response = await (takeEarly(path) ?? fetch(path, { signal }));
  if (response.ok && response.body !== null) {
    const plain = response.body.pipeThrough(new DecompressionStream('gzip'));
    return decodeTraceColumns(await new Response(plain).arrayBuffer());
  }
  const problem = readProblem(await response.json().catch(() => null));
  throw new ApiError(
    problem ?? {
      type: 'about:blank',
      title: 'The spans could not be loaded',
      code: 'network',
      status: response.status,
      detail: `X-Ray answered ${response.status} to ${path}`,
    },
  );
}

export interface TraceAnswer {
  /** The spans in full; null where they are too many, or on their way. */
  readonly full: TraceWire | null;
  readonly columns: TraceColumns | null;
  readonly error: ApiError | Error | null;
  readonly refetch: () => void;
}

/**
 * Columns are asked for at once, not after the size: a large trace is seen earlier, and a small one's columns cost little. A
 * share holds spans in full only; what it leaves out it says.
 */
export function useTrace(traceId: string): TraceAnswer {
  const frozen = useFrozenPage();
  const isLive = frozen === null;
  const size = useApi(traceSizeAddress, { traceId }, { enabled: isLive, refreshMs: REFRESH_MS });
  const spans = size.data?.spans;
  const path = requestPath(traceColumnsAddress, { traceId });
  const first = useColumns(path, 'first', isLive);
  const held = first.data === undefined ? undefined : first.data.id.length + first.data.omitted;
  const [seen, setSeen] = useState<{ readonly path: string; readonly version: string } | null>(null);
  const version = size.data?.version;
  useEffect(() => {
    if (version !== undefined && seen?.path !== path) setSeen({ path, version });
  }, [path, version, seen]);
  const isSmall = spans !== undefined && spans <= IN_FULL;
  const full = useApi(traceAddress, { traceId }, { enabled: !isLive || isSmall, refreshMs: REFRESH_MS });
  const isOld =
    version !== undefined &&
    ((seen?.path === path && seen.version !== version) || (held !== undefined && held !== spans));
  const newer = useColumns(path, version ?? '', isLive && !isSmall && isOld);
  return {
    full: (isSmall || !isLive ? full.data : undefined) ?? null,
    columns: (isOld ? newer.data : undefined) ?? first.data ?? null,
    error: size.error ?? (isSmall || !isLive ? full.error : (newer.error ?? first.error)),
    refetch: () => {
      if (isLive) void size.refetch();
      void (isSmall || !isLive ? full.refetch() : first.refetch());
    },
  };
}

const useColumns = (path: string, version: string, enabled: boolean) =>
  useQuery<TraceColumns, Error>({
    queryKey: ['SPANS', path, version],
    queryFn: ({ signal }) => askColumns(path, signal),
    enabled,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30_000,
    ...(version === 'first' ? {} : { placeholderData: keepPreviousData<TraceColumns | undefined> }),
    retry: 1,
  });

/** One span in full; `known`: it is here already. */
export function useSpan(traceId: string, spanId: string, known: SpanWireValue | undefined) {
  const answer = useApi(
    spanAddress,
    { traceId, spanId },
    { enabled: known === undefined && spanId !== '', refreshMs: false },
  );
  return { span: known ?? (answer.data?.spanId === spanId ? answer.data : undefined), error: answer.error };
}

/** Where a text is found, asked of the server; '' asks nothing. */
export function useFound(traceId: string, text: string) {
  return useApi(traceFoundAddress, { traceId, text }, { enabled: text !== '', refreshMs: false });
}
