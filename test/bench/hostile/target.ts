/** The server that is attacked, and the probe that watches it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { span, traceRequest } from '../../support/otlp-bodies.ts';
import { type BenchServer, startServer } from '../server.ts';

export interface Probe {
  /** Since the last `reset`. `inARow`: answers in less than half a second since one that was not. */
  readonly figures: (reset?: 'reset') => Promise<{ worstMs: number; asked: number; failed: number; inARow: number }>;
  readonly close: () => void;
}

export interface Target extends Pick<BenchServer, 'base' | 'peakResidentMiB' | 'forgetPeak' | 'isAlive' | 'metric'> {
  readonly token: string | null;
  readonly probe: Probe;
  /** The status and body of a request with the token. Never rejects: `status` 0 says that there was no answer. */
  readonly ask: (path: string, init?: Ask) => Promise<Answer>;
  /** Seconds until a small body is stored and health has answered quickly five times; `limitS` where it does not. */
  readonly recovered: (limitS: number) => Promise<number>;
  readonly close: () => Promise<void>;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly timeoutMs?: number;
}
export interface Answer {
  readonly status: number;
  readonly bytes: number;
  readonly text: string;
  readonly ms: number;
}

/** Characters of an answer that are kept. */
const KEPT = 4_000;

function startProbe(base: string, token: string | null): Probe {
  const script = new URL('health-probe.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, base, ...(token ? [token] : [])], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout);
  return {
    async figures(reset) {
      const line = once(lines, 'line');
      child.stdin.write(`${reset ?? ''}\n`);
      return JSON.parse(String((await line)[0])) as Awaited<ReturnType<Probe['figures']>>;
    },
    close: () => child.stdin.end(),
  };
}

export async function startTarget(environment: Readonly<Record<string, string>>): Promise<Target> {
  const token = environment.XRAY_AUTH_TOKEN ?? null;
  const server = await startServer({ XRAY_DEMO: '0', PROMETHEUS_URL: 'http://127.0.0.1:9', ...environment });
  const probe = startProbe(server.base, token);
  const ask = async (path: string, { method = 'GET', headers, body, timeoutMs = 60_000 }: Ask = {}) => {
    const began = performance.now();
    let [status, bytes, text] = [0, 0, ''];
    try {
      const answer = await fetch(server.base + path, {
        method,
        headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
        signal: AbortSignal.timeout(timeoutMs),
        redirect: 'manual',
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
      });
      status = answer.status;
      const decoder = new TextDecoder();
      for await (const chunk of answer.body ?? []) {
        bytes += chunk.byteLength;
        if (text.length < KEPT) text += decoder.decode(chunk, { stream: true });
      }
    } catch {
      // No answer, or half of one: the status says so.
    }
    return { status, bytes, text: text.slice(0, KEPT), ms: performance.now() - began };
  };
  const small = JSON.stringify(traceRequest([span(1)]));
  return {
    base: server.base,
    metric: server.metric,
    peakResidentMiB: server.peakResidentMiB,
    forgetPeak: server.forgetPeak,
    isAlive: server.isAlive,
    token,
    probe,
    ask,
    async recovered(limitS) {
      const began = performance.now();
      const passed = () => (performance.now() - began) / 1000;
      while (passed() < limitS && server.isAlive()) {
        const headers = { 'content-type': 'application/json' };
        const stored = await ask('/v1/traces', { method: 'POST', headers, body: small, timeoutMs: limitS * 1000 });
        if (stored.status === 200 && (await probe.figures()).inARow >= 5) return passed();
        await sleep(100);
      }
      return limitS;
    },
    async close() {
      probe.close();
      await server.close();
    },
  };
}
