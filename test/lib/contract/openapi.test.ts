/** The document of the HTTP API against the routes that there are. That it is valid OpenAPI 3.1 is checked by a validator of others. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it } from 'vitest';
import { openApiDocument, parametersOf } from '../../../lib/contract/openapi/document.ts';
import { OPERATIONS } from '../../../lib/contract/openapi/operations.ts';
import { everyContract } from '../../support/every-contract.ts';

/** `GET /api/jobs/{jobId}` of every handler of app/, from the file system. */
function handlers(): string[] {
  const app = resolve(import.meta.dirname, '../../../app');
  return readdirSync(app, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(^|\/)route\.ts$/.test(file))
    .flatMap((file) => {
      const path = `/${file.replace(/\/?route\.ts$/, '').replace(/\[(\w+)\]/g, '{$1}')}`;
      const text = readFileSync(resolve(app, file), 'utf8');
      return [...text.matchAll(/export (?:async )?(?:const|function) (GET|POST|DELETE|PUT|PATCH)\b/g)].map(
        ([, method]) => `${method} ${path}`,
      );
    });
}

it('has every handler of app/, and no other', () => {
  const documented = OPERATIONS.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(new Set(documented).size).toBe(documented.length);
  expect([...documented].sort()).toEqual(handlers().sort());
  expect(documented.length).toBeGreaterThan(40);
});

it('has every parameter of every contract', async () => {
  for (const { path, query, inPath } of await everyContract()) {
    const operation = OPERATIONS.find((one) => one.method === 'get' && one.path === path);
    const parameters = operation === undefined ? [] : parametersOf(operation);
    expect(parameters.map(({ name }) => name).sort(), path).toEqual(Object.keys(query.shape).sort());
    expect(parameters.filter((one) => one.in === 'path').map(({ name }) => name)).toEqual(inPath);
  }
});

it('says what a parameter takes', () => {
  const operation = OPERATIONS.find(({ path }) => path === '/api/memory/heatmap');
  expect(operation && parametersOf(operation)).toEqual(
    expect.arrayContaining([
      { name: 'by', in: 'query', required: false, schema: { type: 'string', enum: ['node', 'gpu'], default: 'node' } },
      {
        name: 'bins',
        in: 'query',
        required: false,
        schema: { type: 'integer', minimum: 1, maximum: 4000, default: 400 },
      },
      {
        name: 'from',
        in: 'query',
        required: true,
        schema: { type: 'string', description: 'RFC 3339, or Unix time in s, ms, us or ns' },
      },
    ]),
  );
});

it('is valid OpenAPI 3.1, in JSON', async () => {
  const document = JSON.parse(JSON.stringify(openApiDocument('1.2.3')));
  expect(document.info.version).toBe('1.2.3');
  const validator = new Validator();
  expect(await validator.validate(document)).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
  const wrong = { ...document, paths: { '/api/jobs': { get: { parameters: [{ name: 'limit' }] } } } };
  expect((await new Validator().validate(wrong)).valid).toBe(false);
});
