/** Recordings of real Ray clusters (test/fixtures/ray), and how to send them as Ray does. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Runtime } from '../../lib/server/runtime/runtime.ts';

const root = new URL('../fixtures/ray/2.58.0/', import.meta.url);

/** JSON of a file of a recording, gzipped or not. */
export function recorded(scenario: string, file: string): unknown {
  const plain = new URL(`${scenario}/${file}`, root);
  const packed = new URL(`${scenario}/${file}.gz`, root);
  return JSON.parse(existsSync(plain) ? readFileSync(plain, 'utf8') : gunzipSync(readFileSync(packed)).toString());
}

/** Request bodies of the event export, in the order they came. */
export function eventBodies(scenario: string): string[] {
  return gunzipSync(readFileSync(new URL(`${scenario}/events/events.jsonl.gz`, root)))
    .toString()
    .trim()
    .split('\n');
}

export async function postEvents(
  runtime: Runtime,
  bodies: readonly string[],
  cluster: string | null = null,
): Promise<void> {
  for (let i = 0; i < bodies.length; i += 100)
    await Promise.all(
      bodies.slice(i, i + 100).map((body) =>
        runtime.ingest.rayEvents({
          bytes: Buffer.from(body),
          contentType: 'application/json',
          contentEncoding: '',
          cluster,
        }),
      ),
    );
}

interface StateRow {
  readonly job_id: string;
  readonly name: string;
  readonly state: string;
  readonly error_type: string | null;
  readonly type: string;
}

export type Counts = Record<string, Record<string, number>>;

/** Attempts per function and state of one job, as the recorded State API answered after everything had ended. */
export function stateApiCounts(scenario: string, jobId: string): Counts {
  const answer = recorded(scenario, 'http/after/tasks.json') as { data: { result: { result: StateRow[] } } };
  const counts: Counts = {};
  for (const row of answer.data.result.result) {
    if (row.job_id !== jobId) continue;
    const states = counts[row.name] ?? {};
    states[row.state] = (states[row.state] ?? 0) + 1;
    counts[row.name] = states;
  }
  return counts;
}

export interface Truth {
  readonly session_name: string;
  readonly executions_per_job_and_function: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly recorded: { readonly events: number };
}

export const truth = (scenario: string): Truth => recorded(scenario, 'truth.json') as Truth;
