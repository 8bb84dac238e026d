/** Refusals of the door as RFC 9457 problem details, before there is a route. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ProblemCode } from '../../contract/problem.ts';
import { encodedProblem, problemOf } from './problem.ts';

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

const encoded = ({ code, status, title, detail, headers }: DoorProblem) =>
  encodedProblem(problemOf(code, detail, { title, ...(status === undefined ? {} : { status }) }), headers);

export function answerProblem(response: ServerResponse, problem: DoorProblem): void {
  const { status, headers, body } = encoded(problem);
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** Where there is no request: its head could not be read. Ends the connection. */
export function answerSocket(socket: Socket, problem: DoorProblem): void {
  const { status, headers, body } = encoded(problem);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${status} ${REASONS[status] ?? 'Error'}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nx-content-type-options: nosniff\r\n${lines.join('')}connection: close\r\n\r\n${body}`,
  );
}
