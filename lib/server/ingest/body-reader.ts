/**
 * Bodies as they arrive: bounded in bytes, in time, and in bytes of all that are under way. Where those are too many the
 * slowest sender loses its place, not the next one: a body that comes a byte a second holds next to nothing.
 */

import { ProblemError } from '../http/problem.ts';
import type { Config } from '../runtime/config.ts';
import { leftError } from './parser-pool.ts';

/** Of all bodies that are being read. */
const ARRIVING_BYTES = 128 * 1024 ** 2;
/** Younger ones are not judged by their speed. */
const YOUNG_MS = 1_000;

interface Arriving {
  bytes: number;
  readonly began: number;
  readonly refuse: (error: ProblemError) => void;
}

export interface BodyReader {
  /** The body in memory of its own. Rejects with ProblemError 413, 408, 429, and where the sender is gone. */
  readonly read: (request: Request) => Promise<Uint8Array>;
}

export function createBodyReader(limits: Config['limits']): BodyReader {
  const arriving = new Set<Arriving>();
  let total = 0;

  const tooLarge = (bytes: number): ProblemError =>
    new ProblemError('too-large', `the body has at least ${bytes} bytes, the limit is ${limits.bodyBytes}`);
  const slow = (one: Arriving): ProblemError =>
    new ProblemError(
      'request-timeout',
      `${one.bytes} bytes of the body came in ${Math.round((performance.now() - one.began) / 1000)} s: a body must be here within ${limits.bodySeconds} s`,
    );

  function makeRoom(): void {
    const now = performance.now();
    let slowest: Arriving | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const one of arriving) {
      const speed = one.bytes / (now - one.began);
      if (one.bytes === 0 || now - one.began < YOUNG_MS || speed >= least) continue;
      slowest = one;
      least = speed;
    }
    slowest?.refuse(slow(slowest));
  }

  return {
    async read(request) {
      const declared = Number(request.headers.get('content-length') ?? '0');
      if (declared > limits.bodyBytes) throw tooLarge(declared);
      if (!request.body) return new Uint8Array();
      let refuse: (error: ProblemError) => void = () => undefined;
      const refused = new Promise<never>((_, reject) => {
        refuse = reject;
      });
      refused.catch(() => undefined);
      const one: Arriving = { bytes: 0, began: performance.now(), refuse };
      const late = setTimeout(() => refuse(slow(one)), limits.bodySeconds * 1000);
      const left = (): void => refuse(leftError());
      request.signal.addEventListener('abort', left, { once: true });
      arriving.add(one);
      const reader = request.body.getReader();
      const chunks: Uint8Array[] = [];
      try {
        for (;;) {
          const { done, value } = await Promise.race([reader.read(), refused]);
          if (done) break;
          one.bytes += value.byteLength;
          total += value.byteLength;
          if (one.bytes > limits.bodyBytes) throw tooLarge(one.bytes);
          if (total > ARRIVING_BYTES) {
            makeRoom();
            if (total > ARRIVING_BYTES + limits.bodyBytes)
              throw new ProblemError('overloaded', `${total} bytes of bodies are on their way: send this again later`, {
                headers: { 'retry-after': '5' },
              });
          }
          chunks.push(value);
        }
        return joined(chunks, one.bytes);
      } finally {
        clearTimeout(late);
        request.signal.removeEventListener('abort', left);
        arriving.delete(one);
        total -= one.bytes;
      }
    },
  };
}

function joined(chunks: Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size);
  let at = 0;
  for (let i = 0; i < chunks.length; i++) {
    const chunk = chunks[i];
    if (!chunk) continue;
    all.set(chunk, at);
    at += chunk.byteLength;
    // Given back while the rest is copied, so that a body is not there twice.
    chunks[i] = new Uint8Array();
  }
  return all;
}
