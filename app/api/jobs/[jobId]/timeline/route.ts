import { timelineRoute } from '../../../../../lib/contract/timeline.ts';
import { getTimeline } from '../../../../../lib/server/timeline/timeline.ts';
import { answer } from '../../../answer.ts';

export const GET = answer(timelineRoute, getTimeline);
