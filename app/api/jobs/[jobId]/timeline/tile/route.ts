import { timelineTileRoute } from '../../../../../../lib/contract/timeline-tile.ts';
import { getTimelineTile } from '../../../../../../lib/server/tiles/tile.ts';
import { answerGzip } from '../../../../answer.ts';

export const GET = answerGzip(timelineTileRoute, getTimelineTile);
