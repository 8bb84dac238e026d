/** Client of Alertmanager's API v2. */
import { BoundError, createJsonReader } from '../http/json-reader.ts';
import { createHttpClient, type HttpTarget } from '../http/request.ts';
import { AlertmanagerError } from './wire.ts';

/** Told apart by `code`. */
export class AlertmanagerFailure extends Error {
  readonly code: 'alertmanager-down' | 'alertmanager-refused';
  readonly whatToDo: string;

  constructor(code: AlertmanagerFailure['code'], message: string, whatToDo: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AlertmanagerFailure';
    this.code = code;
    this.whatToDo = whatToDo;
  }
}

/** GET of a path below /api/v2, e.g. `/alerts`; unparsed JSON. */
export type AlertmanagerClient = (path: string, signal?: AbortSignal) => Promise<unknown>;

/** `onClock`: its clock minus this machine's, ms. */
export function createAlertmanagerClient(
  target: HttpTarget,
  timeoutMs = 10_000,
  onClock?: (aheadMs: number) => void,
): AlertmanagerClient {
  const http = createHttpClient(target);
  return async (path, signal) => {
    const reader = createJsonReader({ rowsAt: null });
    const reply = await http({ path: `/api/v2${path}`, timeoutMs, reader, ...(signal ? { signal } : {}) }).catch(
      (cause: unknown) => {
        if (signal?.aborted) throw cause;
        if (cause instanceof BoundError || cause instanceof SyntaxError)
          throw new AlertmanagerFailure(
            'alertmanager-refused',
            `Alertmanager ${path} failed: it answered ${cause instanceof BoundError ? cause.message : 'something that is not JSON'}`,
            cause instanceof BoundError
              ? 'Nothing: alerts are shown as Prometheus knows them.'
              : 'Check that the address of Alertmanager is that of its web interface, with any path prefix.',
          );
        throw new AlertmanagerFailure(
          'alertmanager-down',
          `Alertmanager ${path} failed: ${cause instanceof Error && cause.message ? cause.message : 'no connection'}`,
          `Check that Alertmanager runs at ${target.url} and can be reached from here.`,
          { cause },
        );
      },
    );
    if (reply.clockAheadMs !== null) onClock?.(reply.clockAheadMs);
    if (reply.body !== null) return reply.body.rest;
    const error = AlertmanagerError.safeParse(parse(reply.errorText));
    const reason = error.success
      ? typeof error.data === 'string'
        ? error.data
        : error.data.message
      : reply.errorText.trim().slice(0, 300) || 'no body';
    throw new AlertmanagerFailure(
      reply.status >= 502 && reply.status <= 504 ? 'alertmanager-down' : 'alertmanager-refused',
      `Alertmanager ${path} failed: HTTP ${reply.status}: ${reason.slice(0, 300)}`,
      reply.status === 401 || reply.status === 403
        ? 'Check the token or password for Alertmanager.'
        : 'Check that the address of Alertmanager is that of its web interface, with any path prefix.',
    );
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
