'use client';
/** What is selected on a timeline of tiles: the server knows which attempt stands behind a slice, and where the next one is. */
import { useEffect, useMemo, useRef, useState } from 'react';
import type { TimeRange } from '../../../lib/chart/timeline/timeline-raster.ts';
import { trackWhere } from '../../../lib/chart/timeline/timeline-text.ts';
import { bucketOf } from '../../../lib/chart/timeline/timeline-tiles.ts';
import { sliceIn } from '../../../lib/chart/timeline/timeline-window.ts';
import { timelineSlicesAddress } from '../../../lib/contract/requests/addresses.ts';
import type { RouteParams } from '../../../lib/contract/requests/routes-by-path.ts';
import type { TimelineSlicesWire } from '../../../lib/contract/timeline-tile.ts';
import { errorMessage } from '../../../lib/model/error-message.ts';
import { LANE_PAGE } from '../../../lib/model/timeline-tile.ts';
import { askOnce } from '../../queries/api-client.ts';
import type { TimelineView } from '../timeline-view.ts';
import type { TiledJob, TileScene } from './tile-scene.ts';

export type FoundSlice = TimelineSlicesWire['slices'][number];

/** A moment on a lane, by its key: tiles of another zoom hold other slices, and filters leave other lanes. */
interface Location {
  readonly lane: string;
  /** ns after the origin of the lanes. */
  readonly at: number;
}

export function useTileSelection(
  { answer, jobRef, filter }: TiledJob,
  view: TimelineView,
  { scene, tiled, pages }: TileScene,
  range: TimeRange,
  lookAt: (lane: number) => void,
) {
  const { tracks } = scene;
  const [location, setLocation] = useState<Location | null>(null);
  const [notice, setNotice] = useState('');
  /** The attempt that was picked last: steps go on from it. */
  const last = useRef<FoundSlice | null>(null);
  /** To be brought into view; the focus goes there when its tile is there. */
  const [goTo, setGoTo] = useState<Location | null>(null);
  const focus = useMemo(() => {
    const lane = location === null ? -1 : answer.lanes.key.indexOf(location.lane);
    return location === null || lane === -1 ? -1 : sliceIn(tracks, lane, location.at);
  }, [location, answer.lanes.key, tracks]);
  const setFocus = (slice: number): void => {
    const lane = answer.lanes.key[tracks.trackOf[slice] ?? -1];
    const at = ((tracks.start[slice] ?? 0) + (tracks.end[slice] ?? 0)) / 2;
    setLocation(lane === undefined ? null : { lane, at });
  };
  const origin = BigInt(scene.originNs);
  const at = (ns: number): string => (origin + BigInt(Math.max(0, Math.round(ns)))).toString();
  const choose = (one: { readonly taskId: string; readonly attempt: number } | undefined) =>
    void view.set({ sel: one === undefined ? '' : `${one.taskId}:${one.attempt}` });
  const ask = async (
    params: Omit<RouteParams<(typeof timelineSlicesAddress)['path']>, 'jobId'>,
  ): Promise<readonly FoundSlice[]> =>
    (await askOnce(timelineSlicesAddress, { ...jobRef, ...filter, ...params })).slices;
  /** Says what went wrong instead of doing nothing. */
  const tried = (work: Promise<void>): void => {
    setNotice('');
    work.catch((error: unknown) => setNotice(errorMessage(error)));
  };

  useEffect(() => {
    if (goTo === null) return;
    const lane = answer.lanes.key.indexOf(goTo.lane);
    if (lane === -1) return;
    if (!pages.has(Math.floor(lane / LANE_PAGE))) {
      lookAt(lane);
      return;
    }
    const slice = sliceIn(tracks, lane, goTo.at);
    if (slice === -1 || (tracks.end[slice] ?? 0) < range.from || (tracks.start[slice] ?? 0) > range.to) return;
    setLocation(goTo);
    setGoTo(null);
  }, [goTo, answer.lanes.key, pages, tracks, range, lookAt]);

  async function find(slice: number): Promise<void> {
    const lane = tracks.trackOf[slice] ?? 0;
    if (tracks.running[slice] === 1) {
      choose(
        answer.running.find((one) => one.lane === lane && Number(BigInt(one.startNs) - origin) === tracks.start[slice]),
      );
      return;
    }
    const start = tracks.start[slice] ?? 0;
    const tile = pages.get(Math.floor(lane / LANE_PAGE));
    // Of those that start in its bucket a slice is the longest; one from before the tile is exact.
    const bucket = tile === undefined || tiled.counts[slice] === 0 ? null : bucketOf(tile, origin, start);
    const found = await ask({
      lane: answer.lanes.key[lane] ?? '',
      from: at(bucket?.from ?? start),
      to: at(bucket?.to ?? start + 1),
      sort: 'longest',
      limit: 4,
    });
    const first = BigInt(at(bucket?.from ?? start));
    last.current = found.find(({ startNs }) => BigInt(startNs) >= first) ?? found[0] ?? null;
    choose(last.current ?? undefined);
  }

  function show(one: FoundSlice): void {
    last.current = one;
    choose(one);
    const [from, end] = [Number(BigInt(one.startNs) - origin), Number(BigInt(one.endNs) - origin)];
    const air = Math.max((end - from) * 3, 400_000);
    view.setRange({ from: from - air, to: end + air }, 'jump');
    setGoTo({ lane: one.lane, at: (from + end) / 2 });
  }

  /** The next attempt by start in either way that the filter and `only` leave, around the ends. */
  async function stepTo(way: 1 | -1, only: { readonly state?: 'FAILED' }): Promise<void> {
    const sort = way === 1 ? 'start' : 'latest';
    const from = last.current;
    // Without one to go on from: the first in view.
    const bound = from?.startNs ?? at(way === 1 ? range.from : range.to);
    const near = await ask({ ...only, sort, limit: 100, ...(way === 1 ? { startFrom: bound } : { startTo: bound }) });
    const index = near.findIndex(
      ({ taskId, attempt }) => from !== null && taskId === from.taskId && attempt === from.attempt,
    );
    const one = near[index + 1] ?? (await ask({ ...only, sort, limit: 1 }))[0];
    if (one === undefined) setNotice('None found.');
    else show(one);
  }

  async function longest(): Promise<void> {
    const [one] = await ask({ from: at(range.from), to: at(range.to), sort: 'longest', limit: 1 });
    if (one === undefined) setNotice('None found.');
    else show(one);
  }

  const selected = last.current;
  const isSelected = selected !== null && view.query.sel === `${selected.taskId}:${selected.attempt}`;
  return {
    focus,
    /** The same while the focus is where it was. */
    focusKey: location,
    setFocus,
    /** Where the selected attempt ran, in words; '' while that is not known. */
    where: isSelected ? trackWhere(tracks, answer.lanes.key.indexOf(selected.lane)) : '',
    notice,
    forget: () => setNotice(''),
    select(slice: number) {
      if (slice === -1) choose(undefined);
      else {
        setFocus(slice);
        tried(find(slice));
      }
    },
    /** A row of the table, or what was found otherwise. */
    pick(one: FoundSlice) {
      last.current = one;
      choose(one);
    },
    step: (way: 1 | -1) => tried(stepTo(way, {})),
    jump: (to: 'failure' | 'longest') => tried(to === 'longest' ? longest() : stepTo(1, { state: 'FAILED' })),
  };
}
