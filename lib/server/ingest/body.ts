/** JSON bodies that people and programs send to the API: checked before anything is built, big ones built off the event loop. */

import { Worker } from 'node:worker_threads';
import { errorSentence } from '../../schema/error-sentence.ts';
import { checkJson } from '../../sources/json/check-json.ts';
import { ProblemError } from '../http/problem.ts';
import type { Config } from '../runtime/config.ts';
import { ParseBudget } from './parse-budget.ts';

type Limits = Config['limits'];

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

/** Values of a body that is read here: it becomes one value, all of it, in this process. */
const MOST_VALUES = 1_000_000;

/** Rejects with ProblemError 400 where the text is no JSON or nested too deep, 413 where it has too many values. */
export async function parseJson(bytes: Uint8Array, limits: Limits): Promise<unknown> {
  try {
    checkJson(bytes, new ParseBudget({ ...limits, values: Math.min(limits.values, MOST_VALUES) }));
    return bytes.byteLength > OFF_LOOP_BYTES
      ? await parseInWorker(bytes)
      : JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError('invalid-body', `the body is not valid JSON: ${errorSentence(error, 'the body')}`);
  }
}
