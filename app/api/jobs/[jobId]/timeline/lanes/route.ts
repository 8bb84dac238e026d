import { timelineLanesRoute } from '../../../../../../lib/contract/timeline-tile.ts';
import { getTimelineLanes } from '../../../../../../lib/server/tiles/lanes.ts';
import { answer } from '../../../../answer.ts';

export const GET = answer(timelineLanesRoute, getTimelineLanes);
