/** Refusals of the door as RFC 9457 problem details, before there is a route. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_CODES, PROBLEM_MEDIA_TYPE, type ProblemCode } from '../../contract/problem.ts';

export interface DoorProblem {
  readonly code: ProblemCode;
  /** Where it is not the code's own. */
  readonly status?: number;
  readonly title: string;
  /** What was asked, why it failed, what to do next. */
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What failed here is for the log, not for whoever asked. */
export const INTERNAL: DoorProblem = {
  code: 'internal',
  title: 'Internal error',
  detail: 'X-Ray failed; its log says why',
};

const body = ({ code, title, detail }: DoorProblem, status: number): string =>
  JSON.stringify({ type: `urn:xray:problem:${code}`, title, status, detail, code });

export function answerProblem(response: ServerResponse, problem: DoorProblem): void {
  const status = problem.status ?? PROBLEM_CODES[problem.code];
  const text = body(problem, status);
  response.writeHead(status, {
    'content-type': PROBLEM_MEDIA_TYPE,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...problem.headers,
  });
  response.end(text);
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** Where there is no request: its head could not be read. Ends the connection. */
export function answerSocket(socket: Socket, problem: DoorProblem): void {
  const status = problem.status ?? PROBLEM_CODES[problem.code];
  const text = body(problem, status);
  const more = Object.entries(problem.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${status} ${REASONS[status] ?? 'Error'}\r\ncontent-type: ${PROBLEM_MEDIA_TYPE}\r\ncontent-length: ${Buffer.byteLength(text)}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n${more.join('')}connection: close\r\n\r\n${text}`,
  );
}
