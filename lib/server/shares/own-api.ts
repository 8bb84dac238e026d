/**
 * X-Ray's API asked by X-Ray itself, over its own port on this machine: every route, present and future, answers as it
 * answers anybody, with its contract checked. The address comes from the configuration only.
 */
import { errorMessage } from '../../model/error-message.ts';
import { readUpTo } from '../../model/read-up-to.ts';
import { ProblemError } from '../http/problem.ts';
import type { Config } from '../runtime/config.ts';

export interface OwnAnswer {
  readonly status: number;
  /** The body as JSON text: as it came, or a picture (SVG) as a string. */
  readonly text: string;
}
/** `path` with its query. Rejects with ProblemError: 413 beyond `maxBytes`, 503 where X-Ray does not answer itself. */
export type OwnApi = (path: string, maxBytes: number, signal: AbortSignal) => Promise<OwnAnswer>;

/** Where this process listens, as seen from this machine. */
export function ownOrigin({ host, port }: Pick<Config, 'host' | 'port'>): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host.replace(/^\[(.*)\]$/, '$1');
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

export function createOwnApi(config: Pick<Config, 'host' | 'port' | 'authToken' | 'ownToken'>): OwnApi {
  const origin = ownOrigin(config);
  const headers: Record<string, string> = config.authToken ? { authorization: `Bearer ${config.ownToken}` } : {};
  return async (path, maxBytes, signal) => {
    if (config.port === 0)
      throw new ProblemError('source-down', 'X-Ray does not know its own port (PORT=0): set PORT to a fixed one');
    let response: Response;
    try {
      response = await fetch(origin + path, { headers, redirect: 'error', signal });
    } catch (error) {
      if (signal.aborted) throw error;
      const reason = errorMessage(error);
      throw new ProblemError('source-down', `X-Ray could not ask itself for ${path} at ${origin}: ${reason}`);
    }
    const { bytes, isWhole } = await readUpTo(response.body ?? [], maxBytes);
    if (!isWhole) throw new ProblemError('too-large', `${path} answers more than the ${maxBytes} bytes left`);
    const text = Buffer.from(bytes.buffer).toString('utf8');
    const isPicture = response.headers.get('content-type')?.startsWith('image/svg+xml') ?? false;
    return { status: response.status, text: isPicture ? JSON.stringify(text) : text };
  };
}
