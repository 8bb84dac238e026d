import { timelineSlicesRoute } from '../../../../../../lib/contract/timeline-tile.ts';
import { getTimelineSlices } from '../../../../../../lib/server/tiles/slices.ts';
import { answer } from '../../../../answer.ts';

export const GET = answer(timelineSlicesRoute, getTimelineSlices);
