import { timelineLanesRoute } from '../../../../../../lib/contract/timeline-tile.ts';
import { getLanesOnce } from '../../../../../../lib/server/tiles/lanes-once.ts';
import { answer } from '../../../../answer.ts';

export const GET = answer(timelineLanesRoute, getLanesOnce);
