/**
 * Parses bodies without blocking the event loop: small ones at once, others in a few worker threads. Bodies wait as they
 * came, compressed, in the order of fair-queue.ts. No sender holds all workers, and one body at a time may be a large one,
 * so that memory is bounded. A worker that exceeds its time or memory is ended with its body; one that has nothing to do
 * ends itself, which gives its memory back.
 *
 *   worker 1  |--a large--------------|        a second large one waits for it
 *   worker 2  |-b-||-a-||-c-||-b-|
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ProblemCode } from '../../contract/problem.ts';
import { ProblemError } from '../http/problem.ts';
import { type ContentEncoding, gunzipSmall } from './content-encoding.ts';
import { FairQueue, type Sender } from './fair-queue.ts';
import { parseBody } from './parse-body.ts';
import type { WorkerJob } from './parse-worker.ts';
import type { ParsedBody, ParseJob } from './parsed-body.ts';
import { workerCpuSeconds } from './worker-cpu-seconds.ts';

/** 64 KiB are parsed, decoded and encoded in some 5 ms, and hold no more values than take as long. */
const INLINE_BYTES = 64 * 1024;
const INLINE_VALUES = 20_000;
/** What any worker may hold decompressed; a larger body is a large one. */
const LARGE_BYTES = 32 * 1024 ** 2;
const IDLE_MS = 5_000;
const HEAP_MB = 512;
/**
 * The clock runs on while other threads have the cores. The worker keeps to its CPU time by itself (parse-budget.ts); after this many times
 * of it on the clock it is looked at, and ended where it had that time, or does not say so (it is in native code), or after the most.
 */
const WALL_PER_CPU = 3;
const MOST_WALL_PER_CPU = 12;
/** Of a body whose sender left: ending the worker costs a start of another. */
const ABANDONED_MS = 250;

export interface ParseRequest {
  readonly job: ParseJob;
  readonly encoding: ContentEncoding;
  readonly sender: Sender;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal | null;
}

interface Pending {
  readonly request: ParseRequest;
  readonly sender: Sender;
  readonly cost: number;
  bytes: Uint8Array;
  large: boolean;
  /** Answered already: its sender left, or X-Ray closes. */
  over: boolean;
  readonly resolve: (parsed: ParsedBody) => void;
  readonly reject: (error: unknown) => void;
}

type Answer =
  | { readonly parsed: ParsedBody }
  | { readonly larger: Uint8Array }
  | { readonly problem: { readonly code: ProblemCode; readonly detail: string } }
  | { readonly failed: string };

interface Seat {
  worker: Worker | null;
  current: Pending | null;
  began: number;
  limit: NodeJS.Timeout | null;
  idle: NodeJS.Timeout | null;
}

export interface ParserPool {
  /** Rejects with ProblemError. A big job's bytes may be moved to a worker: the caller gives them away. */
  readonly parse: (request: ParseRequest) => Promise<ParsedBody>;
  /** Refuses what waits, gives what runs `graceMs` to end, and ends it. */
  readonly close: (graceMs: number) => Promise<void>;
}

export const leftError = (): ProblemError =>
  new ProblemError('request-timeout', 'the sender closed the connection before the body was stored');
export const closingError = (): ProblemError =>
  new ProblemError('source-down', 'X-Ray is shutting down: send this again later', { headers: { 'retry-after': '5' } });

export function createParserPool(workers = Math.max(2, Math.min(4, availableParallelism() - 1))): ParserPool {
  const queue = new FairQueue<Pending>();
  const seats: Seat[] = Array.from({ length: workers }, () => ({
    worker: null,
    current: null,
    began: 0,
    limit: null,
    idle: null,
  }));
  let closed = false;

  function settle(seat: Seat, use: (pending: Pending) => void): void {
    const pending = seat.current;
    seat.current = null;
    if (seat.limit) clearTimeout(seat.limit);
    if (pending && !pending.over) {
      pending.over = true;
      use(pending);
    }
    next();
  }

  function start(seat: Seat): Worker {
    const worker = new Worker(new URL('./parse-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    worker.unref();
    worker.on('message', (answer: Answer) => {
      if (seat.worker !== worker) return;
      if ('larger' in answer) {
        const { current } = seat;
        if (current) queue.push(Object.assign(current, { bytes: answer.larger, large: true }));
        seat.current = null;
        if (seat.limit) clearTimeout(seat.limit);
        next();
        return;
      }
      settle(seat, ({ resolve, reject }) => {
        if ('parsed' in answer) resolve(answer.parsed);
        else if ('problem' in answer) reject(new ProblemError(answer.problem.code, answer.problem.detail));
        else reject(new Error(`the body could not be parsed: ${answer.failed}`));
      });
    });
    const lost = (error: Error): void => {
      if (seat.worker !== worker) return;
      const isMemory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      end(seat, isMemory ? tooMuch(seat, `it needs more than ${HEAP_MB} MB`) : error);
    };
    worker.on('error', lost);
    worker.on('exit', () => lost(new Error('the parser ended without an answer')));
    return worker;
  }

  const tooMuch = (seat: Seat, reason: string): ProblemError =>
    new ProblemError(
      'too-large',
      `${seat.current?.cost ?? 0} bytes are too much to parse at once: ${reason}; send smaller batches`,
    );

  /** Ends the worker with what it does. */
  function end(seat: Seat, error: Error): void {
    const { worker } = seat;
    seat.worker = null;
    void worker?.terminate();
    settle(seat, ({ reject }) => reject(error));
  }

  function mayRun(pending: Pending): boolean {
    if (pending.over) return true;
    const running = seats.flatMap(({ current }) => current ?? []);
    if (pending.large && running.some(({ large }) => large)) return false;
    return running.filter(({ sender }) => sender.address === pending.sender.address).length < workers - 1;
  }

  function next(): void {
    for (let seat = freeSeat(); seat; seat = freeSeat()) {
      const pending = queue.take(mayRun);
      if (!pending) break;
      if (!pending.over) run(seat, pending);
    }
    rest();
  }

  /** One whose worker is there already, where there is one. */
  const freeSeat = (): Seat | undefined =>
    seats.find(({ current, worker }) => !current && worker) ?? seats.find(({ current }) => !current);

  function run(seat: Seat, pending: Pending): void {
    const { job, encoding } = pending.request;
    if (seat.idle) clearTimeout(seat.idle);
    seat.idle = null;
    seat.current = pending;
    seat.began = performance.now();
    seat.worker ??= start(seat);
    limitTime(seat, seat.worker, pending);
    const { bytes } = pending;
    const message: WorkerJob = {
      job: { ...job, bytes },
      encoding,
      stopAt: pending.large ? job.limits.decompressedBytes : LARGE_BYTES,
    };
    // Moved where the body has its memory to itself: copying 60 MB would hold the event loop.
    const own = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
    seat.worker.postMessage(message, own ? [bytes.buffer] : []);
  }

  function limitTime(seat: Seat, worker: Worker, pending: Pending): void {
    const { parseSeconds } = pending.request.job.limits;
    const before = workerCpuSeconds(worker);
    const look = async (): Promise<void> => {
      const [start, now] = await Promise.all([before, workerCpuSeconds(worker)]);
      if (seat.current !== pending) return;
      const elapsed = (performance.now() - seat.began) / 1000;
      const hadItsTime = now === null || now - (start ?? 0) >= parseSeconds;
      if (hadItsTime || elapsed >= parseSeconds * MOST_WALL_PER_CPU)
        end(seat, tooMuch(seat, `it took more than ${Math.floor(elapsed)} s`));
      else arm(parseSeconds);
    };
    const arm = (seconds: number): void => {
      seat.limit = setTimeout(() => void look(), seconds * 1000);
      seat.limit.unref();
    };
    arm(parseSeconds * WALL_PER_CPU);
  }

  function rest(): void {
    for (const seat of seats) {
      if (seat.current || !seat.worker || seat.idle) continue;
      seat.idle = setTimeout(() => {
        const { worker } = seat;
        seat.worker = null;
        seat.idle = null;
        void worker?.terminate();
      }, IDLE_MS);
      seat.idle.unref();
    }
  }

  function refuseWaiting(): void {
    for (let pending = queue.take(); pending; pending = queue.take()) {
      if (!pending.over) pending.reject(closingError());
      pending.over = true;
    }
  }

  /** Null where the body is not small after all. */
  async function parseHere({ job, encoding }: ParseRequest): Promise<ParsedBody | null> {
    if (job.bytes.byteLength > INLINE_BYTES) return null;
    const bytes = encoding === 'gzip' ? await gunzipSmall(job.bytes, INLINE_BYTES) : job.bytes;
    if (bytes === null) return null;
    if (job.limits.values <= INLINE_VALUES) return parseBody({ ...job, bytes });
    try {
      return parseBody({ ...job, bytes, limits: { ...job.limits, values: INLINE_VALUES } });
    } catch (error) {
      if (error instanceof ProblemError && error.problem.code === 'too-large') return null;
      throw error;
    }
  }

  return {
    async parse(request) {
      const { job, sender, signal, encoding } = request;
      const here = await parseHere(request);
      if (here) return here;
      if (closed) throw closingError();
      if (signal?.aborted) throw leftError();
      return new Promise((resolve, reject) => {
        const pending: Pending = {
          request,
          sender,
          cost: job.bytes.byteLength,
          bytes: job.bytes,
          large: encoding === 'identity' && job.bytes.byteLength > LARGE_BYTES,
          over: false,
          resolve,
          reject,
        };
        const leave = (): void => {
          if (pending.over) return;
          pending.over = true;
          pending.bytes = new Uint8Array();
          reject(leftError());
          const seat = seats.find(({ current }) => current === pending);
          if (!seat) return;
          const stop = setTimeout(
            () => {
              if (seat.current === pending) end(seat, leftError());
            },
            Math.max(0, ABANDONED_MS - (performance.now() - seat.began)),
          );
          stop.unref();
        };
        signal?.addEventListener('abort', leave, { once: true });
        queue.push(pending);
        next();
      });
    },
    async close(graceMs) {
      closed = true;
      refuseWaiting();
      for (const limit = performance.now() + graceMs; performance.now() < limit; ) {
        if (seats.every(({ current }) => current === null)) break;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      for (const seat of seats) {
        if (seat.idle) clearTimeout(seat.idle);
        if (seat.current) end(seat, closingError());
        const { worker } = seat;
        seat.worker = null;
        await worker?.terminate();
      }
      // One that turned out to be large meanwhile.
      refuseWaiting();
    },
  };
}
