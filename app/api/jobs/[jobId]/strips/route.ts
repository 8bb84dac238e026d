import { stripsRoute } from '../../../../../lib/contract/timeline.ts';
import { getStrips } from '../../../../../lib/server/timeline/strips.ts';
import { answer } from '../../../answer.ts';

export const GET = answer(stripsRoute, getStrips);
