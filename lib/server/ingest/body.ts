/** Bodies from outside: limits on bytes, decompressed bytes and depth; big ones are parsed off the event loop. */
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { Config } from '../config.ts';
import { ProblemError } from '../problem.ts';
import type { IngestBody } from './ingest.ts';
import { depthExceeds } from './parse-body.ts';

type Limits = Config['limits'];

const DECODERS = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** The body's bytes after Content-Encoding. Rejects with ProblemError 413, 415 or 400. */
export async function readBody(body: IngestBody, limits: Limits): Promise<Uint8Array> {
  if (body.bytes.byteLength > limits.bodyBytes)
    throw new ProblemError(
      'too-large',
      `the body has ${body.bytes.byteLength} bytes, the limit is ${limits.bodyBytes}`,
    );
  const encoding = body.contentEncoding.trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return body.bytes;
  if (!(encoding in DECODERS))
    throw new ProblemError(
      'unsupported-media-type',
      `content encoding "${encoding}" is not supported: use gzip, deflate, br or none`,
    );
  const decode = DECODERS[encoding as keyof typeof DECODERS];
  try {
    return await decode(body.bytes, { maxOutputLength: limits.decompressedBytes });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')
      throw new ProblemError(
        'too-large',
        `the body is larger than ${limits.decompressedBytes} bytes when decompressed`,
      );
    throw new ProblemError(
      'invalid-body',
      `the body is not valid ${encoding}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

const OFF_LOOP_BYTES = 1_000_000;
/** Runs as a worker: parses and sends the value back in slices, so that receiving it does not block either. */
const WORKER = `
const { parentPort, workerData } = require('node:worker_threads');
try {
  const value = JSON.parse(Buffer.from(workerData).toString('utf8'));
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 500) parentPort.postMessage({ slice: value.slice(i, i + 500) });
    parentPort.postMessage({ end: true });
  } else parentPort.postMessage({ value });
} catch (error) { parentPort.postMessage({ error: error.message }); }`;

function parseInWorker(bytes: Uint8Array): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { eval: true, workerData: bytes });
    const slices: unknown[] = [];
    worker.on('message', (message: { slice?: unknown[]; end?: true; value?: unknown; error?: string }) => {
      if (message.slice) for (const item of message.slice) slices.push(item);
      else if (message.error !== undefined) reject(new SyntaxError(message.error));
      else resolve(message.end ? slices : message.value);
    });
    worker.on('error', reject);
    worker.on('exit', () => reject(new Error('the parser ended without an answer')));
  });
}

/** Rejects with ProblemError 400 where the text is no JSON or nested too deep. */
export async function parseJson(bytes: Uint8Array, limits: Limits): Promise<unknown> {
  if (depthExceeds(bytes, limits.depth))
    throw new ProblemError('invalid-body', `the JSON is nested deeper than ${limits.depth} levels`);
  try {
    return bytes.byteLength > OFF_LOOP_BYTES
      ? await parseInWorker(bytes)
      : JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ProblemError(
      'invalid-body',
      `the body is not valid JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
