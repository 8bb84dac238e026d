import { tasksSummaryRoute } from '../../../../../../lib/contract/jobs.ts';
import { summariseTasks } from '../../../../../../lib/server/jobs/tasks.ts';
import { answer } from '../../../../answer.ts';

export const GET = answer(tasksSummaryRoute, summariseTasks);
