/**
 * Parses bodies without blocking the event loop: small ones at once, big ones in a worker thread, one after the other.
 * The worker ends when it has nothing to do, which gives its memory back.
 */
import { Worker } from 'node:worker_threads';
import type { ProblemCode } from '../../contract/problem.ts';
import { ProblemError } from '../problem.ts';
import { type ParsedBody, type ParseJob, parseBody } from './parse-body.ts';

/** 256 KiB are parsed, decoded and encoded in some 10 ms. */
const INLINE_BYTES = 256 * 1024;
/** Bytes of bodies that may wait for the worker; more is answered with 429. */
const WAITING_BYTES = 512 * 1024 ** 2;
const IDLE_MS = 5_000;
const WORKER_HEAP_MB = 3_072;

interface Pending {
  readonly job: ParseJob;
  /** Of the body; the job's own bytes have none once they were moved. */
  readonly size: number;
  readonly resolve: (parsed: ParsedBody) => void;
  readonly reject: (error: unknown) => void;
}

type Answer =
  | { readonly parsed: ParsedBody }
  | { readonly problem: { readonly code: ProblemCode; readonly detail: string } }
  | { readonly failed: string };

export interface BodyParser {
  /** Rejects with ProblemError. A big job's bytes may be moved to the worker: the caller gives them away. */
  readonly parse: (job: ParseJob) => Promise<ParsedBody>;
  readonly close: () => Promise<void>;
}

export function createBodyParser(): BodyParser {
  const queue: Pending[] = [];
  let current: Pending | null = null;
  let worker: Worker | null = null;
  let idle: NodeJS.Timeout | null = null;
  let waitingBytes = 0;

  function settle(use: (pending: Pending) => void): void {
    const pending = current;
    current = null;
    if (pending) {
      waitingBytes -= pending.size;
      use(pending);
    }
    next();
  }

  function start(): Worker {
    const started = new Worker(new URL('./parse-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
    });
    started.unref();
    started.on('message', (answer: Answer) =>
      settle(({ resolve, reject }) => {
        if ('parsed' in answer) resolve(answer.parsed);
        else if ('problem' in answer) reject(new ProblemError(answer.problem.code, answer.problem.detail));
        else reject(new Error(`the body could not be parsed: ${answer.failed}`));
      }),
    );
    const lost = (reason: string): void => {
      if (worker !== started) return;
      worker = null;
      settle(({ size, reject }) =>
        reject(
          new ProblemError('too-large', `${size} bytes are too much to parse at once: ${reason}; send smaller batches`),
        ),
      );
    };
    started.on('error', (error) => lost(error.message));
    started.on('exit', () => lost('the parser ended'));
    return started;
  }

  function next(): void {
    if (idle) clearTimeout(idle);
    idle = null;
    if (current) return;
    current = queue.shift() ?? null;
    if (!current) {
      idle = setTimeout(stop, IDLE_MS);
      idle.unref();
      return;
    }
    worker ??= start();
    const { bytes } = current.job;
    // Moved where the body has its memory to itself: copying 60 MB would hold the event loop.
    const own = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
    worker.postMessage(current.job, own ? [bytes.buffer] : []);
  }

  function stop(): void {
    const done = worker;
    worker = null;
    void done?.terminate();
  }

  return {
    async parse(job) {
      if (job.bytes.byteLength <= INLINE_BYTES) return parseBody(job);
      if (waitingBytes > 0 && waitingBytes + job.bytes.byteLength > WAITING_BYTES)
        throw new ProblemError(
          'overloaded',
          `${waitingBytes} bytes of bodies wait to be parsed: send this again later`,
          { headers: { 'retry-after': '2' } },
        );
      waitingBytes += job.bytes.byteLength;
      return new Promise((resolve, reject) => {
        queue.push({ job, size: job.bytes.byteLength, resolve, reject });
        next();
      });
    },
    async close() {
      while (current || queue.length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      if (idle) clearTimeout(idle);
      const done = worker;
      worker = null;
      await done?.terminate();
    },
  };
}
