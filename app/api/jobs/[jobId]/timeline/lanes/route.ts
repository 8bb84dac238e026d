import { timelineLanesRoute } from '../../../../../../lib/contract/timeline-tile.ts';
import { getTimelineLanes } from '../../../../../../lib/server/timeline-tile.ts';
import { answer } from '../../../../answer.ts';

export const GET = answer(timelineLanesRoute, getTimelineLanes);
