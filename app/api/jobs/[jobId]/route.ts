import { jobRoute } from '../../../../lib/contract/jobs.ts';
import { getJob } from '../../../../lib/server/jobs/jobs.ts';
import { answer } from '../../answer.ts';

export const GET = answer(jobRoute, getJob);
