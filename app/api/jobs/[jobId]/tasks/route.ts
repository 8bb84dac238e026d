import { tasksRoute } from '../../../../../lib/contract/jobs.ts';
import { listTasks } from '../../../../../lib/server/jobs/tasks.ts';
import { answer } from '../../../answer.ts';

export const GET = answer(tasksRoute, listTasks);
