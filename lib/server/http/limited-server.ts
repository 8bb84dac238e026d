/**
 * What a client may hold of the server. Time: a connection that sends its head or its body slowly, or reads nothing, is
 * closed. Number: at the limit a newcomer is let in and the connection that has waited longest without a whole request is
 * closed, so that clients who only hold connections (slowloris) keep nobody out.
 *
 *   idle, or head not whole  |-- oldest goes first --|
 *   body not whole           |-- then the oldest of these --|
 *   being answered           |-- never; only where all are, the newcomer is refused --|
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { answerProblem, answerSocket, type DoorProblem } from './problem-answer.ts';

const LIMITS = {
  /** For the request line and its headers. */
  headersMs: 10_000,
  /** For the whole request. */
  requestMs: 120_000,
  /** Between requests; longer than proxies keep theirs (60 s), or they would send into a closing connection. */
  keepAliveMs: 65_000,
  /** Without a byte in either direction. */
  silentMs: 120_000,
  /** How often the first two are looked at. */
  everyMs: 2_000,
  headers: 200,
  headerBytes: 16_384,
} as const;

/** A server that is not listening yet. `most`: connections at once. */
export function createLimitedServer(listener: RequestListener, most: number): Server {
  const server = createServer(
    { maxHeaderSize: LIMITS.headerBytes, connectionsCheckingInterval: LIMITS.everyMs, requireHostHeader: true },
    listener,
  );
  server.headersTimeout = LIMITS.headersMs;
  server.requestTimeout = LIMITS.requestMs;
  server.keepAliveTimeout = LIMITS.keepAliveMs;
  server.maxHeadersCount = LIMITS.headers;
  server.setTimeout(LIMITS.silentMs);
  // A body is asked for (100 Continue) by whoever reads it, and never where the request is refused.
  server.on('checkContinue', listener);
  server.on('checkExpectation', (_request, response) => answerProblem(response, UNKNOWN_EXPECTATION));
  server.on('connect', (_request, socket: Socket) => answerSocket(socket, CONNECT));
  server.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket) => {
    // Nothing may follow the head of an answer that has begun.
    const hasBegun = answers.get(socket)?.headersSent ?? false;
    if (error.code === 'ECONNRESET' || !socket.writable || hasBegun) socket.destroy();
    else answerSocket(socket, unreadable(error.code ?? '', error.rawPacket?.toString('latin1', 0, 64) ?? ''));
  });
  const answers = boundConnections(server, most);
  return server;
}

const CONNECT: DoorProblem = {
  code: 'method-not-allowed',
  title: 'Method not allowed',
  detail: 'X-Ray is no proxy: it does not take CONNECT',
  headers: { allow: 'GET, HEAD, POST, DELETE, OPTIONS' },
};
const UNKNOWN_EXPECTATION: DoorProblem = {
  code: 'invalid-parameter',
  status: 417,
  title: 'Unknown expectation',
  detail: 'the Expect header may say 100-continue only',
};

/** What a request is answered that could not be read, by the code of Node's error and how the packet begins. */
function unreadable(code: string, begin: string): DoorProblem {
  if (code === 'HPE_INVALID_METHOD' && /^[\w!#$%&'*+.^`|~-]+ \S/.test(begin))
    return { ...CONNECT, detail: 'this method is unknown; X-Ray takes GET, HEAD, POST, DELETE and OPTIONS' };
  if (code === 'HPE_HEADER_OVERFLOW')
    return {
      code: 'too-large',
      status: 431,
      title: 'Head too large',
      detail: `the request line and its headers are larger than ${LIMITS.headerBytes} bytes`,
    };
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return {
      code: 'invalid-body',
      status: 408,
      title: 'Too slow',
      detail: `the head of a request may take ${LIMITS.headersMs / 1000} s, all of it ${LIMITS.requestMs / 1000} s`,
    };
  return { code: 'invalid-parameter', title: 'Not HTTP', detail: 'this is not an HTTP/1.1 request (RFC 9112)' };
}

/** Keeps to `most` connections. Returns what is being answered, by connection. */
function boundConnections(server: Server, most: number): { get(socket: Socket): ServerResponse | undefined } {
  const answers = new WeakMap<Socket, ServerResponse>();
  // Each set is in the order in which its connections came to wait.
  const waiting = new Set<Socket>();
  const sending = new Set<Socket>();
  const answered = new Set<Socket>();
  const sets = [waiting, sending, answered];
  const move = (socket: Socket, to: Set<Socket>): void => {
    for (const set of sets) set.delete(socket);
    if (!socket.destroyed) to.add(socket);
  };

  server.on('connection', (socket: Socket) => {
    if (waiting.size + sending.size + answered.size >= most) {
      const [oldest] = waiting.size > 0 ? waiting : sending;
      if (oldest === undefined) {
        socket.destroy();
        return;
      }
      for (const set of sets) set.delete(oldest);
      oldest.destroy();
    }
    waiting.add(socket);
    socket.once('close', () => {
      for (const set of sets) set.delete(socket);
    });
  });
  const begun = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    answers.set(socket, response);
    move(socket, request.complete ? answered : sending);
    request.once('end', () => {
      if (!response.writableFinished) move(socket, answered);
    });
    response.once('close', () => {
      answers.delete(socket);
      move(socket, waiting);
    });
  };
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.prependListener(event, begun);
  return answers;
}
