import { phasesRoute } from '../../../../../lib/contract/timeline.ts';
import { getPhases } from '../../../../../lib/server/timeline/timeline.ts';
import { answer } from '../../../answer.ts';

export const GET = answer(phasesRoute, getPhases);
