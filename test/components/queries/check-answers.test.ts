/** A server of another version is said: what is shown and what comes is held against the contracts. */
import { QueryClient } from '@tanstack/react-query';
import { expect, it } from 'vitest';
import { checkAnswers, formProblem } from '../../../components/queries/check-answers.ts';

const progress = { attempts: 1, finished: 1, failed: 0, running: 0, pending: 0, retries: 0 };
const job = {
  cluster: 'prod',
  session: 'session_1',
  jobId: '01000000',
  submissionId: null,
  type: 'DRIVER',
  status: 'FINISHED',
  entrypoint: 'python train.py',
  owner: null,
  startNs: '1700000000000000000',
  endNs: null,
  durationNs: null,
  isInternal: false,
  tasks: progress,
  functions: [],
  resources: { CPU: 8 },
};
const good = { jobs: [job], nextCursor: null, notices: [] };
const { status: _, ...withoutStatus } = job;
const bad = { ...good, jobs: [job, withoutStatus] };

it('takes an answer in the form of its contract, and one with fields of tomorrow', () => {
  expect(formProblem('/api/jobs?limit=50', good)).toBeNull();
  expect(formProblem('/api/jobs', { ...good, ofTomorrow: { any: 1 } })).toBeNull();
});

it('says which answer has another form, where, and what to do', () => {
  expect(formProblem('/api/jobs?cluster=prod', bad)?.problem).toMatchObject({
    title: 'Another version of X-Ray',
    detail: '/api/jobs answers in a form that this page does not know (at jobs.1.status). Reload the page.',
  });
  expect(formProblem('/api/jobs', null)?.problem.detail).toContain('does not know. Reload');
});

it('tells routes apart that begin alike', () => {
  expect(formProblem('/api/jobs/01000000', good)?.problem.detail).toContain('/api/jobs/01000000');
  expect(formProblem('/api/collectives/ranks', { communicators: [] })).not.toBeNull();
});

it('knows nothing of what is no JSON or no route', () => {
  expect(formProblem('/api/jobs/01000000/timeline/tile?from=1', {})).toBeNull();
  expect(formProblem('/api/of-tomorrow', {})).toBeNull();
});

it('makes answers that are shown already an error, and leaves the others', () => {
  const client = new QueryClient();
  client.setQueryData(['GET', '/api/jobs'], bad);
  client.setQueryData(['GET', '/api/jobs?limit=1'], good);
  client.setQueryData(['FROZEN', '/api/jobs', 'token'], bad);
  expect(checkAnswers(client.getQueryCache())).toBe(1);
  expect(client.getQueryState(['GET', '/api/jobs'])).toMatchObject({ status: 'error', data: undefined });
  expect(client.getQueryData(['GET', '/api/jobs?limit=1'])).toBe(good);
  expect(client.getQueryData(['FROZEN', '/api/jobs', 'token'])).toBe(bad);
});
