/**
 * Client of Ray's dashboard: State API (/api/v0), Jobs API (/api/jobs) and log files. GET only: X-Ray never changes a
 * cluster.
 */
import { createHttpClient, type HttpTarget } from '../http/request.ts';
import { Refusal } from './wire.ts';

/** Told apart by `code`. */
export class RayFailure extends Error {
  readonly code: 'ray-down' | 'ray-refused';
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  readonly whatToDo: string;

  constructor(code: RayFailure['code'], status: number, message: string, whatToDo: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RayFailure';
    this.code = code;
    this.status = status;
    this.whatToDo = whatToDo;
  }
}

export interface RayClient {
  /** GET below the dashboard's address; rejects with RayFailure. */
  readonly text: (path: string, signal?: AbortSignal) => Promise<string>;
  /** The same, parsed as JSON. */
  readonly json: (path: string, signal?: AbortSignal) => Promise<unknown>;
}

export function createRayClient(target: HttpTarget, timeoutMs = 35_000): RayClient {
  const http = createHttpClient(target);

  const text: RayClient['text'] = async (path, signal) => {
    const reply = await http({ path, timeoutMs, ...(signal ? { signal } : {}) }).catch((cause: unknown) => {
      if (signal?.aborted) throw cause;
      throw new RayFailure(
        'ray-down',
        0,
        `Ray ${path} failed: ${cause instanceof Error && cause.message ? cause.message : 'no connection'}`,
        `Check that Ray's dashboard runs at ${target.url} and can be reached from here.`,
        { cause },
      );
    });
    if (reply.status >= 200 && reply.status < 300) return reply.text;
    throw new RayFailure(
      [502, 503, 504].includes(reply.status) ? 'ray-down' : 'ray-refused',
      reply.status,
      `Ray ${path} failed: HTTP ${reply.status}: ${words(reply.text)}`,
      advice(reply.status, target.url),
    );
  };
  return {
    text,
    async json(path, signal) {
      const body = await text(path, signal);
      try {
        return JSON.parse(body);
      } catch {
        throw new RayFailure(
          'ray-refused',
          200,
          `Ray ${path} failed: the answer is no JSON: ${words(body)}`,
          `Check that ${target.url} is the address of Ray's dashboard, not of a login page before it.`,
        );
      }
    },
  };
}

/** The State API explains a refusal in `msg`, aiohttp in plain text of several lines. */
function words(body: string): string {
  try {
    const refusal = Refusal.safeParse(JSON.parse(body));
    if (refusal.success && refusal.data.msg) return refusal.data.msg.slice(0, 300);
  } catch {
    // Plain text, below.
  }
  return body.replace(/\s+/g, ' ').trim().slice(0, 300) || 'no body';
}

function advice(status: number, url: string): string {
  if (status === 401) return 'Set RAY_AUTH_TOKEN to the token of the cluster (RAY_AUTH_MODE=token).';
  if (status === 403)
    return 'RAY_AUTH_TOKEN is not the token of this cluster: take it from ~/.ray/auth_token of its head.';
  if (status === 429) return 'Nothing: X-Ray asks less often until Ray answers again.';
  if (status === 404) return `Check that ${url} is the address of Ray's dashboard (Ray 2.9 or newer).`;
  return "Look at dashboard.log in the Ray session's logs folder.";
}
