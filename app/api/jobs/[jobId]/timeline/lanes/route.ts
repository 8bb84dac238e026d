import { timelineLanesRoute } from '../../../../../../lib/contract/timeline-tile.ts';
import { getHeldLanes } from '../../../../../../lib/server/tiles/held.ts';
import { answer } from '../../../../answer.ts';

export const GET = answer(timelineLanesRoute, getHeldLanes);
