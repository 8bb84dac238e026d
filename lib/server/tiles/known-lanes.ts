/** What tiles of a job need to know besides rows: which job, nodes of lanes, names of functions. Held, because every tile asks. */
import { functionsOfKeys, nodesOfLanes } from '../../store/queries/timeline/timeline-lanes.ts';
import { type JobQuery, resolveJob } from '../jobs/jobs.ts';
import type { JobNames } from '../runtime/held-answers.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { functionKey, functionKeys } from './tile-rows.ts';

/** Whether a job's id is ambiguous is looked up again after so long, behind the answer. */
const FOUND_MS = 10_000;
/** Functions that are named in one statement. */
const REQUESTED = 5_000;
/** Names of functions that are held for a job. */
const MOST_HELD = 50_000;

/** Throws ProblemError where there is no such job, or several. */
export async function jobNames(runtime: Runtime, query: JobQuery): Promise<JobNames> {
  const known = runtime.held.jobs.get(keyOf(query));
  if (known === undefined) return findJob(runtime, query);
  if (performance.now() - known.foundMs > FOUND_MS) {
    known.foundMs = performance.now();
    findJob(runtime, query).catch(() => runtime.held.jobs.delete(keyOf(query)));
  }
  return known;
}

/** As `jobNames`, as the store has it now. */
export async function findJob(runtime: Runtime, query: JobQuery): Promise<JobNames> {
  const job = await resolveJob(runtime, query);
  const { jobs } = runtime.held;
  const key = keyOf(query);
  const before = jobs.get(key);
  if (before?.which.session === job.session && before.which.job === job.job_id) {
    before.foundMs = performance.now();
    return before;
  }
  const made: JobNames = {
    which: { session: job.session, job: job.job_id },
    foundMs: performance.now(),
    nodeOf: new Map(),
    functions: new Map(),
  };
  jobs.set(key, made);
  return made;
}

const keyOf = (query: JobQuery): string => JSON.stringify([query.jobId, query.session ?? null, query.cluster ?? null]);

/** Makes sure of the nodes of lanes; one that never was stays unknown. */
export async function knowLanes(runtime: Runtime, names: JobNames, wanted: readonly bigint[]): Promise<void> {
  const lanes = wanted.filter((lane) => !names.nodeOf.has(lane));
  if (lanes.length === 0) return;
  const rows = await runtime.engine.select(nodesOfLanes, { ...names.which, lanes });
  for (const { lane, node } of rows) names.nodeOf.set(lane, node);
}

export function noteFunctions(
  names: JobNames,
  rows: readonly { readonly hash: bigint; readonly name: string }[],
): void {
  for (const { hash, name } of rows)
    names.functions.set(functionKey(Number(hash & 0xffffffffn), Number(hash >> 32n)), name);
}

/** Names of the functions in rows of a tile, by functionKey; those that are not held are looked up, so many at a time. */
export async function knowFunctions(
  runtime: Runtime,
  names: JobNames,
  uint32s: Uint32Array,
): Promise<ReadonlyMap<number, string>> {
  const wanted = [...functionKeys(uint32s)];
  let keys = wanted.filter((key) => !names.functions.has(key));
  if (names.functions.size + keys.length > MOST_HELD) {
    names.functions.clear();
    keys = wanted;
  }
  for (let from = 0; from < keys.length; from += REQUESTED) {
    const some = keys.slice(from, from + REQUESTED);
    noteFunctions(names, await runtime.engine.select(functionsOfKeys, { ...names.which, keys: some.map(BigInt) }));
  }
  return names.functions;
}
