/** Every route of the API is this: parse with the contract, call one use case, encode; errors are RFC 9457. */
import type { z } from 'zod';
import type { RouteContract } from '../../lib/contract/route.ts';
import { gzipFile } from '../../lib/server/http/gzip-file.ts';
import { jsonInSlices } from '../../lib/server/http/json-in-slices.ts';
import { parseQuery } from '../../lib/server/http/parse-query.ts';
import { getRuntime, type Runtime } from '../../lib/server/runtime/runtime.ts';
import { problemResponse } from './problem-response.ts';

type PathParams = { params: Promise<Record<string, string>> };
export type Handler = (request: Request, context: PathParams) => Promise<Response>;

/** A GET handler. The use case gets the parsed query and a signal that fires when the caller has gone. */
export function answer<Query extends z.ZodObject, Body extends z.ZodType>(
  route: RouteContract<Query, Body>,
  run: (runtime: Runtime, query: z.output<Query>, signal: AbortSignal) => Promise<z.input<Body>>,
): Handler {
  return async (request, context) => {
    try {
      const query = parseQuery(route.query, request, (await context.params) ?? {});
      const runtime = getRuntime();
      const body = runtime.annotate(await run(runtime, query, request.signal), request.signal);
      const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
      return new Response(await jsonInSlices(body), { headers });
    } catch (error) {
      return problemResponse(error, request.signal.aborted);
    }
  };
}

/** A year, as RFC 9111 has it for what never changes. */
const FOR_EVER = 'private, max-age=31536000, immutable';

/**
 * A GET handler of bytes: a gzip file (RFC 1952), because Next drops a Content-Encoding that it did not make itself. An ETag
 * always; kept for long where the answer is final. `address` goes into `x-tile`; null is answered with 204.
 */
export function answerGzip<Query extends z.ZodObject, Body extends z.ZodType>(
  route: RouteContract<Query, Body>,
  run: (
    runtime: Runtime,
    query: z.output<Query>,
    signal: AbortSignal,
  ) => Promise<{ readonly body: Uint8Array; readonly isFinal: boolean; readonly address?: string } | null>,
): Handler {
  return async (request, context) => {
    try {
      const query = parseQuery(route.query, request, (await context.params) ?? {});
      const made = await run(getRuntime(), query, request.signal);
      if (made === null) return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } });
      const { body, isFinal, address } = made;
      const { etag, bytes } = await gzipFile(body);
      const headers = {
        etag,
        // An answer under an address of its own changes with what it is of.
        'cache-control': isFinal && address === undefined ? FOR_EVER : 'private, no-cache',
        ...(address === undefined ? {} : { 'x-tile': address }),
      };
      if (request.headers.get('if-none-match') === headers.etag) return new Response(null, { status: 304, headers });
      return new Response(bytes, { headers: { ...headers, 'content-type': 'application/gzip' } });
    } catch (error) {
      return problemResponse(error, request.signal.aborted);
    }
  };
}

/** Seconds that a picture may stand for what it shows: that of a reload is the one from before. */
const PICTURE_S = 10;

/** A GET handler of an SVG image; null is answered with 204. */
export function answerPicture<Query extends z.ZodObject, Body extends z.ZodType>(
  route: RouteContract<Query, Body>,
  run: (runtime: Runtime, query: z.output<Query>) => Promise<string | null>,
): Handler {
  return async (request, context) => {
    try {
      const svg = await run(getRuntime(), parseQuery(route.query, request, (await context.params) ?? {}));
      const headers = { 'cache-control': `private, max-age=${PICTURE_S}` };
      if (svg === null) return new Response(null, { status: 204, headers });
      return new Response(svg, { headers: { ...headers, 'content-type': 'image/svg+xml' } });
    } catch (error) {
      return problemResponse(error, request.signal.aborted);
    }
  };
}
