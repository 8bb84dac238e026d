import { timelineFirstPictureRoute } from '../../../../../../lib/contract/timeline-tile.ts';
import { getFirstPicture } from '../../../../../../lib/server/tiles/first-tile.ts';
import { answerPicture } from '../../../../answer.ts';

export const GET = answerPicture(timelineFirstPictureRoute, getFirstPicture);
