import { timelineRoute } from '../../../../../lib/contract/jobs.ts';
import { getTimeline } from '../../../../../lib/server/timeline.ts';
import { answer } from '../../../answer.ts';

export const GET = answer(timelineRoute, getTimeline);
