import { timelineTileRoute } from '../../../../../../lib/contract/timeline-tile.ts';
import { getTimelineTile } from '../../../../../../lib/server/timeline-tile.ts';
import { answerBytes } from '../../../../answer.ts';

export const GET = answerBytes(timelineTileRoute, getTimelineTile);
