/**
 * One POST to ClickHouse, its answer read within bounds. A redirect is never followed: credentials are for the configured address alone.
 * Not `fetch`, which cannot be given a certificate authority.
 */
import { readFileSync } from 'node:fs';
import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';

export interface PostTarget {
  /** Without a trailing slash. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** PEM file of a private certificate authority. */
  readonly caFile: string | null;
}

export interface PostAnswer {
  readonly status: number;
  readonly bytes: Buffer;
}

/** `search`: with its question mark. Rejects with the network's own error, or where the answer has more than `mostBytes`. */
export type Post = (
  search: string,
  body: string | Uint8Array,
  bounds: { readonly signal: AbortSignal; readonly mostBytes: number },
) => Promise<PostAnswer>;

/** Reads the CA file once; throws where it cannot be read. */
export function createPost({ url, headers, caFile }: PostTarget): Post {
  const isTls = url.startsWith('https:');
  const agent = isTls
    ? new TlsAgent({ keepAlive: true, ...(caFile === null ? {} : { ca: readFileSync(caFile) }) })
    : new PlainAgent({ keepAlive: true });
  const send = isTls ? tlsRequest : plainRequest;
  return (search, body, { signal, mostBytes }) =>
    new Promise((resolve, reject) => {
      const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
      const request = send(
        new URL(`${url}/${search}`),
        { method: 'POST', headers: { ...headers, 'content-length': String(length) }, agent, signal },
        (response) => {
          const parts: Buffer[] = [];
          let bytes = 0;
          response.on('data', (part: Buffer) => {
            bytes += part.byteLength;
            parts.push(part);
            if (bytes > mostBytes) response.destroy(new Error(`the answer has more than ${mostBytes} bytes`));
          });
          response.on('error', reject);
          response.on('end', () => {
            const { statusCode: status = 0, headers: said } = response;
            if (status >= 300 && status < 400)
              reject(new Error(`it redirects to ${whereTo(said.location)}, which is not followed`));
            else resolve({ status, bytes: Buffer.concat(parts, bytes) });
          });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
}

/** Of a Location header, without query and credentials. */
function whereTo(location = ''): string {
  if (!URL.canParse(location)) return location.split('?')[0] ?? '';
  const { origin, pathname } = new URL(location);
  return origin + pathname;
}
