/** What pages take for a problem is what its schema takes for one. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Problem } from '../../../lib/contract/problem.ts';
import { readProblem } from '../../../lib/contract/read-problem.ts';

const good = { type: 'about:blank', title: 'Not found', status: 404, detail: 'no job 7', code: 'not-found' };
const choice = { cluster: 'prod', session: 's', jobId: '01000000' };

it('keeps what a problem says beyond its required fields', () => {
  const body = { ...good, choices: [choice], retryAfterSeconds: 3 };
  expect(readProblem(body)).toEqual(body);
});

it('agrees with the schema on any body', () => {
  const value = fc.oneof(
    fc.string(),
    fc.double(),
    fc.constantFrom(null, true, [], {}, [choice], [null], [{ ...choice, jobId: 1 }], undefined),
  );
  const changed = fc
    .tuple(fc.constantFrom('type', 'title', 'status', 'detail', 'code', 'choices'), value)
    .map(([field, to]): unknown => ({ ...good, [field]: to }));
  const without = fc
    .constantFrom(...Object.keys(good))
    .map((field) => Object.fromEntries(Object.entries(good).filter(([name]) => name !== field)));
  fc.assert(
    fc.property(fc.oneof(fc.constant(good), changed, without, value, fc.jsonValue()), (body) => {
      expect(readProblem(body) !== null).toBe(Problem.safeParse(body).success);
    }),
    { numRuns: 2000 },
  );
});
