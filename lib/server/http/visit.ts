/** One request at the door, and the answers that are pages of its own. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Client } from './client-address.ts';

/** What the door knows of a request before its body is read. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  /** With its question mark, or empty. */
  readonly search: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Address of the sender. */
  readonly peer: string;
}

/** A request that is refused whatever its body holds. */
export interface EarlyRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly client: Client;
  /** Of this answer's Content-Security-Policy. */
  readonly nonce: string;
}

/** Answers with HTML; with its headers only where the method is HEAD. */
export function answerPage({ request, response }: Visit, status: number, html: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(html),
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : html);
}
