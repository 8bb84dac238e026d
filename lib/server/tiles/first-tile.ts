/**
 * Use case: the tile that a page of this width will ask for first, so that it can be asked for before the page's scripts
 * are there. It is named by the address that the page will ask for.
 */
import type { z } from 'zod';
import { loadedWindow, resolutionOf } from '../../chart/timeline-tiles.ts';
import { fitRange } from '../../chart/timeline-window.ts';
import { requestPath } from '../../contract/route.ts';
import { type timelineFirstTileRoute, timelineTileRoute } from '../../contract/timeline-tile.ts';
import { LANE_PAGE, WHOLE_TIMELINE } from '../../model/timeline-tile.ts';
import type { Runtime } from '../runtime.ts';
import { getLanesOnce } from './lanes-once.ts';
import { getTimelineTile, type TileAnswer } from './tile.ts';

/** null: the job is small enough to be drawn from one answer, or nothing of it has ended. */
export async function getFirstTile(
  runtime: Runtime,
  query: z.output<typeof timelineFirstTileRoute.query>,
  signal?: AbortSignal,
): Promise<(TileAnswer & { readonly address: string }) | null> {
  const { pixels, ...narrow } = query;
  const { fromNs, toNs, matched, isBeingMade, lanes, version } = await getLanesOnce(runtime, {
    ...narrow,
    order: 'node',
  });
  if (fromNs === null || toNs === null || lanes.key.length === 0) return null;
  if (matched <= WHOLE_TIMELINE && !isBeingMade) return null;
  const origin = BigInt(fromNs);
  const extent = { from: 0, to: Math.max(1, Number(BigInt(toNs) - origin)) };
  const whole = fitRange(extent);
  const resolution = resolutionOf(whole, pixels);
  const window = loadedWindow(whole, extent, resolution, null);
  const [from, to] = [origin + BigInt(window.from), origin + BigInt(window.to)];
  const keys = lanes.key.slice(0, LANE_PAGE);
  const address = requestPath(timelineTileRoute, {
    ...narrow,
    from: from.toString(),
    to: to.toString(),
    resolution,
    lanes: keys.join(','),
    version,
  });
  const tile = await getTimelineTile(
    runtime,
    { ...narrow, from, to, resolution, lanes: keys, exact: false, version },
    signal,
  );
  return { ...tile, address };
}
