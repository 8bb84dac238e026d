/**
 * One HTTP request to a configured source: its credentials, its certificate authority, a time limit, and an answer that is read while
 * it streams, within bounds. A redirect is never followed: credentials are for the configured address alone.
 */
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { Agent, request as tlsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { readUpTo } from '../../model/read-up-to.ts';
import { authHeaders, type HttpAuth } from '../../schema/http-auth.ts';
import { ownTurn } from './event-loop-turns.ts';
import { BoundError, megabytes } from './json-reader.ts';

export interface HttpTarget {
  /** Without a trailing slash; may hold a path prefix. */
  readonly url: string;
  readonly auth: HttpAuth;
}

/** The time for a whole answer is over. */
export class TimeoutError extends Error {
  readonly code = 'timed-out';
}

export interface HttpReply<Body> {
  readonly status: number;
  /** Of a 2xx; null of anything else. */
  readonly body: Body | null;
  /** The first 64 KB of what is no 2xx; of a redirect where it points, without credentials and query. */
  readonly errorText: string;
  /** The source's clock minus this machine's, ms, as its Date header tells it (to about a second); null where it does not. */
  readonly clockAheadMs: number | null;
}

/** Takes the chunks of a decompressed body. Both may throw, which ends the request. */
export interface BodyReader<Body> {
  readonly push: (chunk: Uint8Array) => void;
  readonly end: () => Body;
}

export interface HttpAsk<Body> {
  /** Below the target's address, with its query string. */
  readonly path: string;
  /** Sent as POST application/x-www-form-urlencoded; without it the request is a GET. */
  readonly form?: URLSearchParams;
  /** From the first byte sent to the last byte read. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly reader: BodyReader<Body>;
}

/** Rejects with the network's own error, or with BoundError or SyntaxError of the reader. */
export type HttpClient = <Body>(ask: HttpAsk<Body>) => Promise<HttpReply<Body>>;

const ERROR_BYTES = 64 * 1024;
/** Bytes on the wire, whatever they decompress to. */
const WIRE_BYTES = 512 * 1024 ** 2;

/** Reads the CA file once; throws where it cannot be read. */
export function createHttpClient(target: HttpTarget): HttpClient {
  const { auth } = target;
  const secure = target.url.startsWith('https:');
  const agent = secure && auth.caFile ? new Agent({ ca: readFileSync(auth.caFile), keepAlive: true }) : undefined;
  const headers = { accept: 'application/json', ...authHeaders(auth) };
  const send = secure ? tlsRequest : plainRequest;

  return <Body>(ask: HttpAsk<Body>) =>
    new Promise<HttpReply<Body>>((resolve, reject) => {
      const body = ask.form?.toString();
      const timeout = AbortSignal.timeout(ask.timeoutMs);
      const signal = ask.signal ? AbortSignal.any([timeout, ask.signal]) : timeout;
      const began = Date.now();
      const failed = (error: unknown): void =>
        reject(
          timeout.aborted && !ask.signal?.aborted
            ? new TimeoutError(`no whole answer within ${ask.timeoutMs / 1000} s`)
            : inText(error),
        );
      const request = send(
        new URL(target.url + ask.path),
        {
          method: body === undefined ? 'GET' : 'POST',
          headers:
            body === undefined
              ? headers
              : {
                  ...headers,
                  'content-type': 'application/x-www-form-urlencoded',
                  'content-length': String(Buffer.byteLength(body)),
                },
          signal,
          ...(agent ? { agent } : {}),
        },
        (response) => {
          const clockAheadMs = clockOf(response, began);
          const status = response.statusCode ?? 0;
          const reading: Promise<HttpReply<Body>> =
            status >= 200 && status < 300
              ? read(response, ask.reader).then((read) => ({ status, body: read, errorText: '', clockAheadMs }))
              : readError(response, target.url).then((errorText) => ({ status, body: null, errorText, clockAheadMs }));
          reading.then(resolve, (error: unknown) => {
            request.destroy();
            failed(error);
          });
        },
      );
      request.on('error', failed);
      request.end(body);
    });
}

async function read<Body>(response: IncomingMessage, reader: BodyReader<Body>): Promise<Body> {
  for await (const chunk of decompressed(response)) {
    await ownTurn();
    reader.push(chunk);
  }
  if (!response.complete) throw new Error('the connection was closed before the whole answer came');
  await ownTurn();
  return reader.end();
}

/** Nobody asks a source to compress, but a proxy before it may. */
function decompressed(response: IncomingMessage): AsyncIterable<Buffer> {
  const encoding = (response.headers['content-encoding'] ?? 'identity').toLowerCase();
  let wire = 0;
  response.on('data', (chunk: Buffer) => {
    wire += chunk.length;
    if (wire > WIRE_BYTES) response.destroy(new BoundError(`more than ${megabytes(WIRE_BYTES)}`));
  });
  response.pause();
  const through = (decoder: Readable & NodeJS.WritableStream): AsyncIterable<Buffer> => {
    response.on('error', (error) => decoder.destroy(error));
    response.on('aborted', () => decoder.destroy(new Error('the connection was closed before the whole answer came')));
    return response.pipe(decoder);
  };
  const options = { chunkSize: 64 * 1024 };
  if (encoding === 'gzip' || encoding === 'x-gzip') return through(createGunzip(options));
  if (encoding === 'deflate') return through(createInflate(options));
  if (encoding === 'br') return through(createBrotliDecompress(options));
  if (encoding === 'identity' || encoding === '') return response;
  throw new Error(`the answer is encoded as "${encoding.slice(0, 40)}", which was not asked for`);
}

/** A Date header says whole seconds of a moment between asking and answering. */
function clockOf(response: IncomingMessage, began: number): number | null {
  const reported = Date.parse(response.headers.date ?? '');
  return Number.isNaN(reported) ? null : reported + 500 - (began + Date.now()) / 2;
}

async function readError(response: IncomingMessage, base: string): Promise<string> {
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400 && response.headers.location !== undefined) {
    response.destroy();
    return `it redirects to ${withoutSecrets(response.headers.location, base)}, which is not followed`;
  }
  // Enough is enough: the rest of an endless error is not waited for.
  const { bytes } = await readUpTo(decompressed(response), ERROR_BYTES - 1);
  response.destroy();
  return Buffer.from(bytes.buffer).subarray(0, ERROR_BYTES).toString('utf8');
}

function withoutSecrets(location: string, base: string): string {
  if (!URL.canParse(location, `${base}/`)) return 'something that is not an address';
  const { protocol, host, pathname } = new URL(location, `${base}/`);
  return `${protocol}//${host}${pathname}`.slice(0, 200);
}

/** Node's words for a connection that breaks say little to who configured an address. */
function inText(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'HPE_HEADER_OVERFLOW') return new Error('the answer has more than 16 KB of headers', { cause: error });
  if (code.startsWith('HPE_')) return new Error(`the answer is not HTTP (${error.message})`, { cause: error });
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || error.message === 'aborted')
    return new Error('the connection was closed before the whole answer came', { cause: error });
  if (code.startsWith('Z_') || code.startsWith('ERR__ERROR_FORMAT') || code.startsWith('ERR_BROTLI'))
    return new Error(`the answer cannot be decompressed (${error.message})`, { cause: error });
  return error;
}
