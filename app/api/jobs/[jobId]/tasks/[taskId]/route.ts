import { taskRoute } from '../../../../../../lib/contract/jobs.ts';
import { getTask } from '../../../../../../lib/server/jobs/task.ts';
import { answer } from '../../../../answer.ts';

export const GET = answer(taskRoute, getTask);
