/**
 * Client of Ray's dashboard: State API (/api/v0), Jobs API (/api/jobs) and log files. GET only: X-Ray never changes a
 * cluster.
 */
import { BoundError, createJsonReader, type JsonPlan } from '../http/json-reader.ts';
import { createTailReader, type TailText } from '../http/read-text.ts';
import { type BodyReader, createHttpClient, type HttpTarget } from '../http/request.ts';
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
  /** GET below the dashboard's address: the end of a text of any length. Rejects with RayFailure. */
  readonly text: (path: string, signal?: AbortSignal) => Promise<TailText>;
  /** GET of JSON of at most 8 MB. */
  readonly json: (path: string, signal?: AbortSignal) => Promise<unknown>;
  /** GET of JSON whose array at `rowsAt` may be long: its rows one by one while they come; resolves to what is around them. Default of `mostRows`: 20,000. */
  readonly rows: (
    path: string,
    plan: Pick<JsonPlan, 'rowsAt' | 'onRow' | 'onBadRow'> & { readonly mostRows?: number },
    signal?: AbortSignal,
  ) => Promise<unknown>;
  /** GET of JSON with one long text under this key at the top: its end. */
  readonly jsonText: (path: string, key: string, signal?: AbortSignal) => Promise<TailText>;
}

export interface RayClientOptions {
  /** For one whole answer; default 35 s. */
  readonly timeoutMs?: number;
  /** The dashboard's clock minus this machine's, ms, with every answer that tells it. */
  readonly onClock?: (aheadMs: number) => void;
}

/** Kept of a log, from its end. */
export const LOG_BYTES = 4 * 1024 ** 2;
/** A longer log is not read to its end. */
const MOST_LOG_BYTES = 512 * 1024 ** 2;
/** Lists are asked for with a limit of 10,000, in detail. */
const LISTING = { bytes: 128 * 1024 ** 2, rows: 20_000, rowBytes: 2 * 1024 ** 2 };

export function createRayClient(target: HttpTarget, options: RayClientOptions = {}): RayClient {
  const http = createHttpClient(target);
  const { timeoutMs = 35_000 } = options;

  async function ask<Body>(path: string, reader: BodyReader<Body>, signal?: AbortSignal): Promise<Body> {
    const reply = await http({ path, timeoutMs, reader, ...(signal ? { signal } : {}) }).catch((cause: unknown) => {
      if (signal?.aborted) throw cause;
      if (cause instanceof BoundError)
        throw new RayFailure(
          'ray-refused',
          200,
          `Ray ${path} failed: it answered ${cause.message}`,
          'What is longer is not read; Ray itself has it.',
        );
      if (cause instanceof SyntaxError)
        throw new RayFailure(
          'ray-refused',
          200,
          `Ray ${path} failed: the answer is not JSON`,
          `Check that ${target.url} is the address of Ray's dashboard, not of a login page before it.`,
        );
      throw new RayFailure(
        'ray-down',
        0,
        `Ray ${path} failed: ${cause instanceof Error && cause.message ? cause.message : 'no connection'}`,
        `Check that Ray's dashboard runs at ${target.url} and can be reached from here.`,
        { cause },
      );
    });
    if (reply.clockAheadMs !== null) options.onClock?.(reply.clockAheadMs);
    if (reply.body !== null) return reply.body;
    throw new RayFailure(
      [502, 503, 504].includes(reply.status) ? 'ray-down' : 'ray-refused',
      reply.status,
      `Ray ${path} failed: HTTP ${reply.status}: ${refusalText(reply.errorText)}`,
      advice(reply.status, target.url),
    );
  }
  return {
    text: (path, signal) => ask(path, createTailReader(LOG_BYTES, MOST_LOG_BYTES), signal),
    json: async (path, signal) => (await ask(path, createJsonReader({ rowsAt: null }), signal)).rest,
    async rows(path, { mostRows = LISTING.rows, ...plan }, signal) {
      const reader = createJsonReader({ ...plan, bounds: { ...LISTING, rows: mostRows } });
      return (await ask(path, reader, signal)).rest;
    },
    async jsonText(path, key, signal) {
      const bounds = { bytes: MOST_LOG_BYTES, tailBytes: LOG_BYTES };
      const { tail } = await ask(path, createJsonReader({ rowsAt: null, tailAt: [key], bounds }), signal);
      return tail ?? { text: '', cutBytes: 0 };
    },
  };
}

/** The State API explains a refusal in `msg`, aiohttp in plain text of several lines. */
function refusalText(body: string): string {
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
