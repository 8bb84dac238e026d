'use client';
/** Tiles of a timeline, by page of lanes. What was loaded stays to be drawn until what is asked for now is there. */
import { useQueries, useQuery } from '@tanstack/react-query';
import { useMemo, useRef } from 'react';
import { readProblem } from '../../lib/contract/read-problem.ts';
import { timelineTileAddress } from '../../lib/contract/requests/addresses.ts';
import { requestPath } from '../../lib/contract/requests/request-path.ts';
import type { RouteParams } from '../../lib/contract/requests/routes-by-path.ts';
import { decodeTile, LANE_PAGE, type TimelineTile } from '../../lib/model/timeline-tile.ts';
import { ApiError } from './api-client.ts';
import { takeEarlyLike } from './early-answers.ts';

export type TileQuery = Omit<RouteParams<(typeof timelineTileAddress)['path']>, 'lanes' | 'nodes' | 'all' | 'exact'>;

const SHORT = { type: 'about:blank', title: 'The timeline could not be loaded', code: 'network' } as const;

async function readTile(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<TimelineTile> {
  return decodeTile(await new Response(body.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer());
}

/** The tile that was asked for before this page's scripts were there, where it is the one that is asked for now. */
async function earlyTile(path: string): Promise<TimelineTile | null> {
  const early = takeEarlyLike(path.replace(/\/tile\?.*/, '/first-tile?'));
  const response = await early?.catch(() => undefined);
  if (response === undefined || response.status !== 200 || response.body === null) return null;
  return response.headers.get('x-tile') === path ? readTile(response.body) : null;
}

async function askTile(path: string, signal: AbortSignal): Promise<TimelineTile> {
  const early = await earlyTile(path);
  if (early !== null) return early;
  const response = await fetch(path, { signal });
  if (response.ok && response.body !== null) return readTile(response.body);
  const problem = readProblem(await response.json().catch(() => null));
  const detail = `X-Ray answered ${response.status} to ${path}`;
  throw new ApiError(problem ?? { ...SHORT, status: response.status, detail });
}

const tileQuery = (path: string) => ({
  queryKey: ['TILE', path],
  queryFn: ({ signal }: { signal: AbortSignal }) => askTile(path, signal),
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: 60_000,
  retry: 1,
});

export interface LoadedPages {
  /** The newest tile of each page whose lanes are still these, whatever its window. */
  readonly pages: ReadonlyMap<number, TimelineTile>;
  readonly isLoading: boolean;
  readonly error: Error | null;
}

interface Held {
  readonly kept: string;
  readonly pages: ReadonlyMap<number, TimelineTile>;
  /** Lanes of each page, as they were asked for. */
  readonly lanes: ReadonlyMap<number, string>;
}

/**
 * Tiles of the pages of lanes that `from` .. `until` touch. `kept` names what all tiles must have in common to be drawn; a
 * newer version of the job replaces tiles one by one as they come.
 */
export function useLanePages(
  query: TileQuery | null,
  keys: readonly string[],
  from: number,
  until: number,
  kept: string,
): LoadedPages {
  const wanted = useMemo(() => {
    if (query === null || until <= from || keys.length === 0) return [];
    const first = Math.floor(from / LANE_PAGE);
    const last = Math.floor((until - 1) / LANE_PAGE);
    return Array.from({ length: last - first + 1 }, (_, i) => {
      const page = first + i;
      const lanes = keys.slice(page * LANE_PAGE, (page + 1) * LANE_PAGE).join(',');
      return { page, lanes, path: requestPath(timelineTileAddress, { ...query, lanes }) };
    });
  }, [query, keys, from, until]);
  const answers = useQueries({ queries: wanted.map(({ path }) => tileQuery(path)) });
  const held = useRef<Held>({ kept, pages: new Map(), lanes: new Map() });
  const lanesNow = useMemo(
    () => (page: number) => keys.slice(page * LANE_PAGE, (page + 1) * LANE_PAGE).join(','),
    [keys],
  );
  const before = held.current;
  const isSame = before.kept === kept && [...before.lanes].every(([page, lanes]) => lanes === lanesNow(page));
  const fresh = wanted.flatMap(({ page, lanes }, i) => {
    const tile = answers[i]?.data;
    return tile === undefined || (isSame && before.pages.get(page) === tile) ? [] : [{ page, lanes, tile }];
  });
  if (!isSame || fresh.length > 0) {
    const pages = new Map(before.kept === kept ? before.pages : []);
    const lanesOf = new Map(before.kept === kept ? before.lanes : []);
    for (const [page, lanes] of lanesOf)
      if (lanes !== lanesNow(page)) {
        pages.delete(page);
        lanesOf.delete(page);
      }
    for (const { page, lanes, tile } of fresh) {
      pages.set(page, tile);
      lanesOf.set(page, lanes);
    }
    held.current = { kept, pages, lanes: lanesOf };
  }
  return {
    pages: held.current.pages,
    isLoading: answers.some(({ isFetching }) => isFetching),
    error: answers.find(({ error }) => error !== null)?.error ?? null,
  };
}

/** One tile of whole nodes, or of all lanes as one; undefined while it is on its way. */
export function useNodeTile(query: TileQuery | null, nodes: readonly string[] | 'all'): TimelineTile | undefined {
  const which = nodes === 'all' ? { all: '1' as const } : { nodes: nodes.join(',') };
  const path = query === null ? '' : requestPath(timelineTileAddress, { ...query, ...which });
  return useQuery({ ...tileQuery(path), enabled: query !== null && nodes.length > 0 }).data;
}
