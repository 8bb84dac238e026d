import { z } from 'zod';
import { defineRoute } from '../route.ts';

/** An OpenAPI 3.1 document: https://spec.openapis.org/oas/v3.1.1.html. */
export const openapiRoute = defineRoute(
  { path: '/api/openapi.json', parameters: [] },
  {
    query: z.strictObject({}),
    response: z.looseObject({ openapi: z.string(), paths: z.looseObject({}) }),
  },
);
