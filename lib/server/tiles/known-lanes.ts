/** What tiles of a job need to know besides rows: which job, nodes of lanes, names of functions. Held, because every tile asks. */
import type { Engine } from '../../store/engine.ts';
import { nodesOfLanes, timelineFunctions } from '../../store/queries/timeline-tile.ts';
import { type JobQuery, resolveJob } from '../jobs.ts';
import type { Runtime } from '../runtime.ts';
import { functionKey, functionKeys } from './tile-rows.ts';

/** Whether a job's id is ambiguous is looked up again after so long. */
const FOUND_MS = 10_000;
const JOBS_HELD = 100;

export interface JobNames {
  readonly which: { readonly session: string; readonly job: string };
  readonly foundMs: number;
  /** Of every lane that somebody asked for: its node. */
  readonly nodeOf: Map<bigint, bigint>;
  readonly functions: Map<number, string>;
}

const held = new WeakMap<Engine, Map<string, JobNames>>();

/** Throws ProblemError where there is no such job, or several. */
export async function jobNames(runtime: Runtime, query: JobQuery): Promise<JobNames> {
  const jobs = held.get(runtime.engine) ?? new Map<string, JobNames>();
  held.set(runtime.engine, jobs);
  const key = JSON.stringify([query.jobId, query.session ?? null, query.cluster ?? null]);
  const known = jobs.get(key);
  if (known && performance.now() - known.foundMs < FOUND_MS) return known;
  const job = await resolveJob(runtime, query);
  const made: JobNames = {
    which: { session: job.session, job: job.job_id },
    foundMs: performance.now(),
    nodeOf: new Map(),
    functions: new Map(),
  };
  const [oldest] = jobs.keys();
  if (jobs.size >= JOBS_HELD && oldest !== undefined) jobs.delete(oldest);
  jobs.set(key, made);
  return made;
}

/** Makes sure of the nodes of lanes; one that never was stays unknown. */
export async function knowLanes(runtime: Runtime, names: JobNames, wanted: readonly bigint[]): Promise<void> {
  const lanes = wanted.filter((lane) => !names.nodeOf.has(lane));
  if (lanes.length === 0) return;
  const rows = await runtime.engine.select(nodesOfLanes, { ...names.which, lanes });
  for (const { lane, node } of rows) names.nodeOf.set(lane, node);
}

/** Names of the functions in rows of a tile, by functionKey. */
export async function knowFunctions(
  runtime: Runtime,
  names: JobNames,
  words: Uint32Array,
): Promise<ReadonlyMap<number, string>> {
  for (const key of functionKeys(words)) {
    if (names.functions.has(key)) continue;
    for (const { hash, name } of await runtime.engine.select(timelineFunctions, names.which))
      names.functions.set(functionKey(Number(hash & 0xffffffffn), Number(hash >> 32n)), name);
    break;
  }
  return names.functions;
}
