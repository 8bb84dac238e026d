import { jobsRoute } from '../../../lib/contract/jobs.ts';
import { listJobs } from '../../../lib/server/jobs/jobs.ts';
import { answer } from '../answer.ts';

export const GET = answer(jobsRoute, listJobs);
