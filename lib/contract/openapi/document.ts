/** The HTTP API as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1.html), made of the contracts that routes parse with. */
import { z } from 'zod';
import { PROBLEM_MEDIA_TYPE, Problem } from '../problem.ts';
import { OPERATIONS, type Operation } from './operations.ts';

type Json = Record<string, unknown>;

/** JSON Schema 2020-12. What a transform makes of a parameter is not on the wire: `io` says which side is. */
function schemaOf(type: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...schema } = z.toJSONSchema(type, {
    io,
    unrepresentable: 'any',
    // A number in a query string is text; its contract says which number (parameters.ts).
    override: ({ jsonSchema }) => {
      if (jsonSchema.type !== undefined) delete jsonSchema.anyOf;
    },
  }) as Json;
  return schema;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  readonly schema: Json;
}

/** Of the path first, then of the query string, as the contract orders them. */
export function parametersOf({ path, query }: Pick<Operation, 'path' | 'query'>): readonly Parameter[] {
  const inPath = new Set([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
  const fields: readonly (readonly [string, z.ZodType])[] =
    query === null
      ? [...inPath].map((name) => [name ?? '', z.string()] as const)
      : Object.entries(query.shape as Readonly<Record<string, z.ZodType>>);
  return fields
    .map(([name, type]): Parameter => {
      const isInPath = inPath.has(name);
      const absent = type.safeParse(undefined);
      const preset = absent.success && absent.data !== undefined ? { default: absent.data } : {};
      const required = isInPath || !absent.success;
      return { name, in: isInPath ? 'path' : 'query', required, schema: { ...schemaOf(type, 'input'), ...preset } };
    })
    .sort((a, b) => Number(b.in === 'path') - Number(a.in === 'path'));
}

function contentOf(body: z.ZodType | string | readonly string[], io: 'input' | 'output'): Json {
  if (typeof body === 'string') return { [body]: {} };
  if (Array.isArray(body)) return Object.fromEntries(body.map((media) => [media, {}]));
  return { 'application/json': { schema: schemaOf(body as z.ZodType, io) } };
}

function operationOf(operation: Operation): Json {
  const { tag, summary, body, status, response } = operation;
  return {
    tags: [tag],
    summary,
    parameters: parametersOf(operation),
    ...(body === null ? {} : { requestBody: { required: true, content: contentOf(body, 'input') } }),
    responses: {
      [status]: { description: summary, ...(response === null ? {} : { content: contentOf(response, 'output') }) },
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

/** `version`: of X-Ray. Work: a schema per operation, once; callers keep it. */
export function openApiDocument(version: string): { openapi: string; paths: Json } & Json {
  const paths = Object.fromEntries(
    [...Map.groupBy(OPERATIONS, ({ path }) => path)].map(([path, operations]) => [
      path,
      Object.fromEntries(operations.map((operation) => [operation.method, operationOf(operation)])),
    ]),
  );
  return {
    openapi: '3.1.1',
    info: {
      title: 'X-Ray',
      version,
      summary: 'Observability for distributed machine learning',
      description:
        '64-bit times are decimal text in nanoseconds; other units are in the name. An unknown parameter is refused by name, and so is one that is given twice.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{}, { token: [] }],
    tags: [...new Set(OPERATIONS.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'XRAY_AUTH_TOKEN, where one is set' } },
      responses: {
        Problem: {
          description: 'What was asked, why it failed, what to do next (RFC 9457)',
          content: { [PROBLEM_MEDIA_TYPE]: { schema: schemaOf(Problem, 'output') } },
        },
      },
    },
  };
}
