/** Pages ask by addresses, the server parses by schemas: both must name the same parameters, in the same order. */
import { expect, it } from 'vitest';
import { OPERATIONS } from '../../../../lib/contract/openapi/operations.ts';
import * as addresses from '../../../../lib/contract/requests/addresses.ts';
import { requestPath } from '../../../../lib/contract/requests/request-path.ts';

it('every address names the parameters of its schema, in their order', () => {
  const listed = Object.values(addresses);
  expect(listed.length).toBeGreaterThan(30);
  const schemas = OPERATIONS.flatMap(({ path, query }) =>
    query === null ? [] : [{ path, names: Object.keys(query.shape) }],
  );
  const found = listed.map(({ path }) => schemas.find((schema) => schema.path === path));
  expect(listed.map(({ path, parameters }) => ({ path, names: parameters }))).toEqual(found);
});

it('two addresses have no path in common', () => {
  const paths = Object.values(addresses).map(({ path }) => path);
  expect(new Set(paths).size).toBe(paths.length);
});

it('fills the path, keeps the order of the contract and leaves out what is not given', () => {
  const params = { limit: 5, state: '', node: 'a b', jobId: 'raysubmit/1', session: undefined };
  expect(requestPath(addresses.tasksAddress, params)).toBe('/api/jobs/raysubmit%2F1/tasks?node=a+b&limit=5');
  expect(requestPath(addresses.healthAddress, {})).toBe('/api/health');
});
