/** One request at the door, and the answers that are pages of its own. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Client } from './client-address.ts';

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
