/**
 * Worker thread of parser-pool.ts: decompresses and parses one body at a time; the lines go back without a copy. It
 * yields to the threads that answer questions.
 */

import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { errorSentence } from '../../schema/error-sentence.ts';
import { ProblemError } from '../http/problem.ts';
import { type ContentEncoding, gunzipBounded } from './content-encoding.ts';
import { parseBody } from './parse-body.ts';
import type { ParseJob } from './parsed-body.ts';

export interface WorkerJob {
  readonly job: ParseJob;
  readonly encoding: ContentEncoding;
  /** Bytes of a decompressed body; what becomes more is given back. */
  readonly stopAt: number;
}

const NICE = 10;
// A record that is refused is an Error with a sentence; two hundred thousand stacks take seconds.
Error.stackTraceLimit = 0;

try {
  // Linux gives every thread a priority of its own; elsewhere there is no such link.
  const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  setPriority(thread, NICE);
} catch {}

async function answer({ job, encoding, stopAt }: WorkerJob): Promise<void> {
  const bytes =
    encoding === 'identity' ? job.bytes : await gunzipBounded(job.bytes, job.limits.decompressedBytes, stopAt);
  if (bytes === null) {
    const { buffer } = job.bytes;
    parentPort?.postMessage({ larger: job.bytes }, buffer instanceof ArrayBuffer ? [buffer] : []);
    return;
  }
  const parsed = parseBody({ ...job, bytes });
  const buffers = new Set(parsed.tables.map(({ lines }) => lines.buffer).filter((one) => one instanceof ArrayBuffer));
  // Small lines may lie in Node's shared pool, which must not be given away.
  const own = [...buffers].filter((buffer) =>
    parsed.tables.every(({ lines }) => lines.buffer !== buffer || lines.byteLength === buffer.byteLength),
  );
  parentPort?.postMessage({ parsed }, own);
}

parentPort?.on('message', (message: WorkerJob) => {
  answer(message).catch((error: unknown) => {
    if (error instanceof ProblemError)
      parentPort?.postMessage({ problem: { code: error.problem.code, detail: error.message } });
    else parentPort?.postMessage({ failed: errorSentence(error, 'the body') });
  });
});
