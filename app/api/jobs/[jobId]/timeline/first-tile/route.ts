import { timelineFirstTileRoute } from '../../../../../../lib/contract/timeline-tile.ts';
import { getFirstTile } from '../../../../../../lib/server/tiles/first-tile.ts';
import { answerGzip } from '../../../../answer.ts';

export const GET = answerGzip(timelineFirstTileRoute, getFirstTile);
