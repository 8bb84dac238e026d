import { jobsRoute } from '../../../lib/contract/jobs.ts';
import { listJobs } from '../../../lib/server/jobs.ts';
import { answer } from '../answer.ts';

export const GET = answer(jobsRoute, listJobs);
