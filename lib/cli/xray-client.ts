/**
 * Talking to a running X-Ray over its public HTTP endpoints, like anybody else. Waits where it is told to (429, 503 with
 * Retry-After); says in one sentence what to do where X-Ray is not there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { HealthResponse, type HealthWire } from '../contract/health.ts';
import { Problem } from '../contract/problem.ts';
import { type StoreActionWire, StoreReport, type StoreReportWire } from '../contract/store.ts';
import { UsageError } from './usage-error.ts';

export interface XrayClient {
  readonly url: string;
  /** Rejects with UsageError where X-Ray does not answer, refuses the token, or is something else. */
  readonly health: () => Promise<HealthWire>;
  /** What the store has lost, after doing what is asked for; null: only look. Rejects with UsageError. */
  readonly store: (action: StoreActionWire['action'] | null) => Promise<StoreReportWire>;
  /** POST of a body, gzipped here. Resolves with whatever is the answer after all waiting. */
  readonly post: (path: string, body: Uint8Array, contentType: string) => Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** How long a full queue is waited for before the import gives up. */
const PATIENCE_MS = 120_000;
const REQUEST_MS = 300_000;

/** `given` is --xray; else XRAY_URL, else http://HOST:PORT. Throws UsageError. */
export function xrayUrl(given: string | undefined, environment: Readonly<Record<string, string | undefined>>): string {
  const host = environment.HOST && !/^(0\.0\.0\.0|::)$/.test(environment.HOST) ? environment.HOST : '127.0.0.1';
  const text = given ?? environment.XRAY_URL ?? `http://${host}:${environment.PORT || '3000'}`;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UsageError(`${JSON.stringify(text)} is not an address`, 'give one like --xray http://127.0.0.1:3000');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new UsageError(`${JSON.stringify(text)} is not a web address`, 'give one like --xray http://127.0.0.1:3000');
  return url.toString().replace(/\/+$/, '');
}

/** The innermost words of a failed fetch: its own message is only "fetch failed". */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message !== '' ? cause.message : 'code' in cause ? String(cause.code) : error.message;
}

const isRefused = (error: unknown): boolean =>
  error instanceof Error &&
  error.cause instanceof Error &&
  'code' in error.cause &&
  error.cause.code === 'ECONNREFUSED';

export function createXrayClient(url: string, token: string | undefined): XrayClient {
  const authorization: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const unreachable = (error: unknown): UsageError =>
    new UsageError(
      `X-Ray does not answer at ${url}: ${errorMessage(error)}`,
      'start it with `npm start`, or say where it is with --xray URL',
    );

  return {
    url,
    async health() {
      const response = await fetch(`${url}/api/health`, {
        headers: authorization,
        signal: AbortSignal.timeout(15_000),
      }).catch((error: unknown) => Promise.reject(unreachable(error)));
      if (response.status === 401)
        throw new UsageError(
          `X-Ray at ${url} wants a token${token ? ', and refuses the one in XRAY_AUTH_TOKEN' : ''}`,
          'set XRAY_AUTH_TOKEN to the value that X-Ray was started with',
        );
      const parsed = HealthResponse.safeParse(await response.json().catch(() => null));
      if (!response.ok || !parsed.success)
        throw new UsageError(
          `what answers at ${url} is not X-Ray (HTTP ${response.status})`,
          'say where X-Ray is with --xray URL',
        );
      return parsed.data;
    },
    async store(action) {
      const response = await fetch(`${url}/api/store`, {
        headers: { ...authorization, ...(action === null ? {} : { 'content-type': 'application/json' }) },
        ...(action === null ? {} : { method: 'POST', body: JSON.stringify({ action }) }),
        signal: AbortSignal.timeout(REQUEST_MS),
      }).catch((error: unknown) => Promise.reject(unreachable(error)));
      const body: unknown = await response.json().catch(() => null);
      const parsed = StoreReport.safeParse(body);
      if (response.ok && parsed.success) return parsed.data;
      const problem = Problem.safeParse(body);
      const said = problem.success ? problem.data.detail : `HTTP ${response.status}`;
      throw new UsageError(`X-Ray at ${url} did not do that: ${said}`, 'look at its log');
    },
    async post(path, body, contentType) {
      const packed = gzipSync(body, { level: 1 });
      const until = Date.now() + PATIENCE_MS;
      for (let pause = 250; ; pause = Math.min(2 * pause, 5_000)) {
        let wait = pause;
        try {
          const response = await fetch(`${url}${path}`, {
            method: 'POST',
            headers: { ...authorization, 'content-type': contentType, 'content-encoding': 'gzip' },
            body: packed,
            signal: AbortSignal.timeout(REQUEST_MS),
          });
          const answer = { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
          const isBusy = response.status === 429 || response.status === 503;
          if (!isBusy || Date.now() > until) return answer;
          const reported = Number(response.headers.get('retry-after') ?? Number.NaN);
          if (Number.isFinite(reported) && reported >= 0) wait = Math.min(reported * 1000, PATIENCE_MS);
        } catch (error) {
          // Only what surely was not received is sent again: spans that arrive twice are stored twice.
          if (!isRefused(error) || Date.now() > until - PATIENCE_MS + 15_000) throw unreachable(error);
        }
        await sleep(wait);
      }
    },
  };
}
