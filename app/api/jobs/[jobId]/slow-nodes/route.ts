import { slowNodesRoute } from '../../../../../lib/contract/jobs.ts';
import { slowNodes } from '../../../../../lib/server/timeline/slow-nodes.ts';
import { answer } from '../../../answer.ts';

export const GET = answer(slowNodesRoute, slowNodes);
