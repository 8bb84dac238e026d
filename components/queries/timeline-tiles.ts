'use client';
/** Tiles of a timeline, by page of lanes. What was loaded stays to be drawn until what is asked for now is there. */
import { useQueries, useQuery } from '@tanstack/react-query';
import { useMemo, useRef } from 'react';
import type { z } from 'zod';
import { Problem } from '../../lib/contract/problem.ts';
import { requestPath } from '../../lib/contract/route.ts';
import { timelineTileRoute } from '../../lib/contract/timeline-tile.ts';
import { decodeTile, LANE_PAGE, type TimelineTile } from '../../lib/model/timeline-tile.ts';
import { ApiError } from './api-client.ts';

export type TileQuery = Omit<z.input<typeof timelineTileRoute.query>, 'lanes' | 'nodes' | 'exact'>;

const SHORT = { type: 'about:blank', title: 'The timeline could not be loaded', code: 'network' } as const;

async function askTile(path: string, signal: AbortSignal): Promise<TimelineTile> {
  const response = await fetch(path, { signal });
  if (response.ok && response.body !== null) {
    const plain = response.body.pipeThrough(new DecompressionStream('gzip'));
    return decodeTile(await new Response(plain).arrayBuffer());
  }
  const problem = Problem.safeParse(await response.json().catch(() => null));
  const detail = `X-Ray answered ${response.status} to ${path}`;
  throw new ApiError(problem.success ? problem.data : { ...SHORT, status: response.status, detail });
}

const tileQuery = (path: string) => ({
  queryKey: ['TILE', path],
  queryFn: ({ signal }: { signal: AbortSignal }) => askTile(path, signal),
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: 60_000,
  retry: 1,
});

export interface LoadedPages {
  /** The newest tile of each page that was ever asked for with this filter, whatever its window. */
  readonly pages: ReadonlyMap<number, TimelineTile>;
  readonly isLoading: boolean;
  readonly error: Error | null;
}

/** Tiles of the pages of lanes that `from` .. `until` touch; `kept` names what all of them have in common. */
export function useLanePages(
  query: TileQuery | null,
  keys: readonly string[],
  from: number,
  until: number,
  kept: string,
): LoadedPages {
  const numbers = useMemo(() => {
    if (query === null || until <= from) return [];
    const first = Math.floor(from / LANE_PAGE);
    const last = Math.floor((until - 1) / LANE_PAGE);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  }, [query, from, until]);
  const answers = useQueries({
    queries: numbers.map((page) =>
      tileQuery(
        requestPath(timelineTileRoute, {
          ...(query ?? { jobId: '', from: '0', to: '1', resolution: 0 }),
          lanes: keys.slice(page * LANE_PAGE, (page + 1) * LANE_PAGE).join(','),
        }),
      ),
    ),
  });
  const held = useRef<{ kept: string; pages: Map<number, TimelineTile> }>({ kept, pages: new Map() });
  if (held.current.kept !== kept) held.current = { kept, pages: new Map() };
  let changed = false;
  numbers.forEach((page, i) => {
    const tile = answers[i]?.data;
    if (tile === undefined || held.current.pages.get(page) === tile) return;
    held.current.pages.set(page, tile);
    changed = true;
  });
  if (changed) held.current = { kept, pages: new Map(held.current.pages) };
  return {
    pages: held.current.pages,
    isLoading: answers.some(({ isFetching }) => isFetching),
    error: answers.find(({ error }) => error !== null)?.error ?? null,
  };
}

/** One tile of whole nodes; undefined while it is on its way. */
export function useNodeTile(query: TileQuery | null, nodes: readonly string[]): TimelineTile | undefined {
  const path = query === null ? '' : requestPath(timelineTileRoute, { ...query, nodes: nodes.join(',') });
  return useQuery({ ...tileQuery(path), enabled: query !== null && nodes.length > 0 }).data;
}
