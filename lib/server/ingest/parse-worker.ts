/** Worker thread of body-parser.ts: parses one body at a time; the lines go back without a copy. */
import { parentPort } from 'node:worker_threads';
import { ProblemError } from '../problem.ts';
import { type ParseJob, parseBody } from './parse-body.ts';

parentPort?.on('message', (job: ParseJob) => {
  try {
    const parsed = parseBody(job);
    const buffers = new Set(parsed.tables.map(({ lines }) => lines.buffer).filter((one) => one instanceof ArrayBuffer));
    // Small lines may lie in Node's shared pool, which must not be given away.
    const own = [...buffers].filter((buffer) =>
      parsed.tables.every(({ lines }) => lines.buffer !== buffer || lines.byteLength === buffer.byteLength),
    );
    parentPort?.postMessage({ parsed }, own);
  } catch (error) {
    if (error instanceof ProblemError)
      parentPort?.postMessage({ problem: { code: error.problem.code, detail: error.message } });
    else parentPort?.postMessage({ failed: error instanceof Error ? error.message : String(error) });
  }
});
