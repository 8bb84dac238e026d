import { ranksRoute } from '../../../../lib/contract/collectives.ts';
import { collectiveRanks } from '../../../../lib/server/collectives/collectives.ts';
import { answer } from '../../answer.ts';

export const GET = answer(ranksRoute, collectiveRanks);
