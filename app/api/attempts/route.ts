import { ranThenRoute } from '../../../lib/contract/jobs.ts';
import { listRanThen } from '../../../lib/server/jobs/tasks.ts';
import { answer } from '../answer.ts';

export const GET = answer(ranThenRoute, listRanThen);
