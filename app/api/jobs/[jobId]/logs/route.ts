import { logsRoute } from '../../../../../lib/contract/jobs.ts';
import { getLogs } from '../../../../../lib/server/jobs/job-logs.ts';
import { answer } from '../../../answer.ts';

export const GET = answer(logsRoute, getLogs);
