import { collectivesRoute } from '../../../lib/contract/collectives.ts';
import { collectives } from '../../../lib/server/collectives/collectives.ts';
import { answer } from '../answer.ts';

export const GET = answer(collectivesRoute, collectives);
