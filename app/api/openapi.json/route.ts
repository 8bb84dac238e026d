import { openApiDocument } from '../../../lib/contract/openapi/document.ts';
import { openapiRoute } from '../../../lib/contract/openapi/openapi-route.ts';
import { answer } from '../answer.ts';

let document: ReturnType<typeof openApiDocument> | null = null;

export const GET = answer(openapiRoute, async ({ version }) => {
  document ??= openApiDocument(version);
  return document;
});
