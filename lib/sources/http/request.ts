/** One HTTP request to a configured source: its credentials, its certificate authority, a time limit, no redirects. */
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { Agent, request as tlsRequest } from 'node:https';

export interface HttpTarget {
  /** Without a trailing slash; may hold a path prefix. */
  readonly url: string;
  readonly auth: {
    readonly bearerToken: string | null;
    readonly basic: { readonly user: string; readonly password: string } | null;
    readonly headers: Readonly<Record<string, string>>;
    /** PEM file of a private certificate authority. */
    readonly caFile: string | null;
  };
}

export interface HttpReply {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

export interface HttpAsk {
  /** Below the target's address, with its query string. */
  readonly path: string;
  /** Sent as POST application/x-www-form-urlencoded; without it the request is a GET. */
  readonly form?: URLSearchParams;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export type HttpClient = (ask: HttpAsk) => Promise<HttpReply>;

const MAX_BODY = 256 * 1024 ** 2;

/** Reads the CA file once; throws where it cannot be read. The client rejects with the network's own error. */
export function createHttpClient(target: HttpTarget): HttpClient {
  const { auth } = target;
  const secure = target.url.startsWith('https:');
  const agent = secure && auth.caFile ? new Agent({ ca: readFileSync(auth.caFile), keepAlive: true }) : undefined;
  const headers: Record<string, string> = { accept: 'application/json', ...auth.headers };
  if (auth.bearerToken) headers.authorization = `Bearer ${auth.bearerToken}`;
  else if (auth.basic)
    headers.authorization = `Basic ${Buffer.from(`${auth.basic.user}:${auth.basic.password}`).toString('base64')}`;
  const send = secure ? tlsRequest : plainRequest;

  return (ask) =>
    new Promise((resolve, reject) => {
      const body = ask.form?.toString();
      const signals = [AbortSignal.timeout(ask.timeoutMs), ...(ask.signal ? [ask.signal] : [])];
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
          signal: AbortSignal.any(signals),
          ...(agent ? { agent } : {}),
        },
        (response) => {
          readText(response).then(
            (text) =>
              resolve({
                status: response.statusCode ?? 0,
                contentType: response.headers['content-type'] ?? '',
                text,
              }),
            reject,
          );
        },
      );
      request.on('error', (error) =>
        reject(
          signals[0]?.aborted && !ask.signal?.aborted ? new Error(`no answer within ${ask.timeoutMs / 1000} s`) : error,
        ),
      );
      request.end(body);
    });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) {
      response.destroy();
      throw new Error(`the answer is larger than ${MAX_BODY} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
