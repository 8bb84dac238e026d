import { timelineSumsRoute } from '../../../../../../lib/contract/timeline-tile.ts';
import { getTimelineSums } from '../../../../../../lib/server/tiles/sums.ts';
import { answer } from '../../../../answer.ts';

export const GET = answer(timelineSumsRoute, getTimelineSums);
