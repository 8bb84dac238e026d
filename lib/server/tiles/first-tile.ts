/**
 * Use cases: the tile that a page of this width will ask for first, and a picture of it, so that both can be asked for before
 * the page's scripts are there. The tile is named by the address that the page will ask for.
 */
import type { z } from 'zod';
import { CANVAS_THEMES } from '../../chart/colour/canvas-theme.ts';
import { labelsWidth } from '../../chart/timeline/timeline-layout.ts';
import { timelinePicture } from '../../chart/timeline/timeline-picture.ts';
import { loadedWindow, resolutionOf } from '../../chart/timeline/timeline-tiles.ts';
import { fitRange } from '../../chart/timeline/timeline-window.ts';
import { requestPath } from '../../contract/requests/request-path.ts';
import {
  type timelineFirstPictureRoute,
  type timelineFirstTileRoute,
  timelineTileRoute,
} from '../../contract/timeline-tile.ts';
import { decodeTile, LANE_PAGE, WHOLE_TIMELINE } from '../../model/timeline-tile.ts';
import { type FirstTile, HELD_MS, once, requestedKey } from '../runtime/held-answers.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { getHeldLanes } from './held.ts';
import { encodePng } from './png.ts';
import { getTimelineTile } from './tile.ts';

/** null: the job is small enough to be drawn from one answer, or nothing of it has ended. */
export function getFirstTile(
  runtime: Runtime,
  query: z.output<typeof timelineFirstTileRoute.query>,
): Promise<FirstTile | null> {
  return once(runtime.held.firstTiles, requestedKey(query), HELD_MS, () => makeFirstTile(runtime, query));
}

async function makeFirstTile(
  runtime: Runtime,
  query: z.output<typeof timelineFirstTileRoute.query>,
): Promise<FirstTile | null> {
  const { pixels, ...narrow } = query;
  const answer = await getHeldLanes(runtime, { ...narrow, order: 'node' });
  const { fromNs, toNs, matched, isBeingMade, lanes, version } = answer;
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
  const tile = await getTimelineTile(runtime, {
    ...narrow,
    from,
    to,
    resolution,
    lanes: keys,
    exact: false,
    version,
  });
  return { ...tile, address, answer };
}

/** image/svg+xml of the same; null where there is no first tile. */
export async function getFirstPicture(
  runtime: Runtime,
  query: z.output<typeof timelineFirstPictureRoute.query>,
): Promise<string | null> {
  const { width, windowHeight, scale, theme, ...narrow } = query;
  const pixels = Math.round((width - labelsWidth(width)) * scale);
  const tile = await getFirstTile(runtime, { ...narrow, pixels });
  if (tile === null) return null;
  const { answer, body } = tile;
  const now = Number(BigInt(answer.nowNs) - BigInt(answer.fromNs ?? answer.nowNs));
  const size = { width, windowHeight, scale };
  const picture = timelinePicture(answer, decodeTile(body.buffer), now, size, CANVAS_THEMES[theme]);
  const png = await encodePng(picture.pixels, picture.width, picture.height);
  return picture.svg(`data:image/png;base64,${png.toString('base64')}`);
}
