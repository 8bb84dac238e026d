/**
 * SYNTHETIC: one job of more attempts than a timeline holds in one answer, as Ray would tell it (test/fixtures/ray), and what
 * is true of it. 40 workers on 4 nodes, each one attempt every 100 ms; a seeded dice throws durations and failures.
 *
 *   worker 3    ▪▪▪▪          ▪▪▪▪▪▪▪▪      idle for about 10 s
 *   worker 17   ▪▪▪▪▪▪▪▪▪▪▪█████▪▪▪▪▪▪      the longest, 4.5 s
 *   worker n    ▪▪▪▪███▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪      one of 1 s to 2 s in every second worker, one of exactly 1 s
 */
import { base64 } from '../../lib/demo/emit/ray-events.ts';

export const SYNTHETIC_JOB = { jobId: '5e000000', session: 'session_synthetic_large' };
export const [MAP, REDUCE] = ['synthetic_map', 'synthetic_reduce'];
export const [NODES, WORKERS] = [4, 40];
const SLOTS = 2640;
const SLOT_NS = 100_000_000;
const IDLE = { worker: 3, from: 800, to: 900 };
const LONGEST = { worker: 17, slot: 1800, ns: 4_500_000_000 };
const SEED = 20_261_124;

export interface SyntheticAttempt {
  readonly taskId: string;
  readonly function: string;
  readonly worker: number;
  /** Unix ns, and ns. */
  readonly startNs: bigint;
  readonly durationNs: number;
  readonly error: 'TASK_EXECUTION_EXCEPTION' | 'WORKER_DIED' | null;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pidOf = (worker: number): number => 1000 + worker;
export const nodeOf = (worker: number): number => Math.floor(worker / (WORKERS / NODES));
export const nodeName = (node: number): string => `synthetic-node-${node}`;

/** Duration of the attempts that are not like the others; undefined: like the others. */
function chosenDuration(worker: number, slot: number, random: () => number): number | undefined {
  if (worker === LONGEST.worker && slot === LONGEST.slot) return LONGEST.ns;
  if (slot !== 200 + worker * 50 || worker % 2 === 1) return undefined;
  return worker === 8 ? 1_000_000_000 : Math.round(1.1e9 + random() * 0.9e9);
}

/** By start. `beginNs`: Unix ns. */
export function syntheticAttempts(beginNs: bigint): readonly SyntheticAttempt[] {
  const random = dice(SEED);
  const attempts: SyntheticAttempt[] = [];
  for (let worker = 0; worker < WORKERS; worker++)
    for (let slot = 0; slot < SLOTS; slot++) {
      if (worker === IDLE.worker && slot >= IDLE.from && slot < IDLE.to) continue;
      const isMap = random() < 0.7;
      const usual = isMap ? 20e6 + random() * 40e6 : 40e6 + random() * 50e6;
      const durationNs = chosenDuration(worker, slot, random) ?? Math.round(usual);
      const startNs = beginNs + BigInt(slot * SLOT_NS + Math.round(random() * 5e6));
      const fate = random();
      attempts.push({
        taskId: `5e${(worker * SLOTS + slot).toString(16).padStart(14, '0')}${'f'.repeat(24)}${SYNTHETIC_JOB.jobId}`,
        function: isMap ? MAP : REDUCE,
        worker,
        startNs,
        durationNs,
        error: fate < 0.001 ? 'WORKER_DIED' : fate < 0.004 ? 'TASK_EXECUTION_EXCEPTION' : null,
      });
      slot += Math.floor((durationNs + 10e6) / SLOT_NS);
    }
  return attempts.sort((a, b) => (a.startNs < b.startNs ? -1 : a.startNs > b.startNs ? 1 : 0));
}

export const endOf = (one: SyntheticAttempt): bigint => one.startNs + BigInt(one.durationNs);

/** RFC 3339 with nine decimals. */
const stamp = (ns: bigint): string =>
  `${new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19)}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`;
const nodeId = (node: number): string => base64(`${node + 1}`.padStart(56, 'a'));
const workerId = (worker: number): string => base64(pidOf(worker).toString(16).padStart(56, 'b'));
const envelope = (
  eventType: string,
  at: bigint,
  node: number,
  number: number,
  body: Readonly<Record<string, unknown>>,
) => ({
  eventId: base64(number.toString(16).padStart(56, '0')),
  sourceType: eventType.startsWith('TASK') ? 'CORE_WORKER' : 'GCS',
  eventType,
  timestamp: stamp(at),
  severity: 'INFO',
  sessionName: SYNTHETIC_JOB.session,
  ...body,
  nodeId: nodeId(node),
  message: '',
});

/** The fewest events that say all of an attempt: what it is, and where and when it ran. */
function* eventsOf(attempts: readonly SyntheticAttempt[]) {
  const beginNs = attempts[0]?.startNs ?? 0n;
  for (let node = 0; node < NODES; node++)
    yield envelope('NODE_DEFINITION_EVENT', beginNs, node, node, {
      nodeDefinitionEvent: {
        nodeId: nodeId(node),
        nodeIpAddress: `192.0.2.${node + 1}`,
        labels: {},
        startTimestamp: stamp(beginNs - 60_000_000_000n),
        hostname: nodeName(node),
        nodeName: nodeName(node),
      },
    });
  let number = NODES;
  for (const one of attempts) {
    const node = nodeOf(one.worker);
    const task = { taskId: base64(one.taskId), jobId: base64(SYNTHETIC_JOB.jobId), taskAttempt: 0 };
    yield envelope('TASK_DEFINITION_EVENT', one.startNs, 0, number++, {
      taskDefinitionEvent: {
        ...task,
        taskType: 'NORMAL_TASK',
        taskFunc: {
          pythonFunctionDescriptor: {
            moduleName: 'synthetic',
            className: '',
            functionName: one.function,
            functionHash: '',
          },
        },
        taskName: one.function,
        language: 'PYTHON',
        requiredResources: { CPU: 1 },
      },
    });
    yield envelope('TASK_LIFECYCLE_EVENT', endOf(one), node, number++, {
      taskLifecycleEvent: {
        ...task,
        stateTransitions: [
          { state: 'RUNNING', timestamp: stamp(one.startNs) },
          { state: one.error === null ? 'FINISHED' : 'FAILED', timestamp: stamp(endOf(one)) },
        ],
        nodeId: nodeId(node),
        workerId: workerId(one.worker),
        workerPid: pidOf(one.worker),
        ...(one.error === null ? {} : { rayErrorInfo: { errorType: one.error, errorMessage: 'synthetic failure' } }),
      },
    });
  }
}

/** Request bodies of at most `most` events. */
export function* syntheticBodies(attempts: readonly SyntheticAttempt[], most: number): Generator<string> {
  let batch: unknown[] = [];
  for (const event of eventsOf(attempts)) {
    batch.push(event);
    if (batch.length < most) continue;
    yield JSON.stringify(batch);
    batch = [];
  }
  if (batch.length > 0) yield JSON.stringify(batch);
}

/** Those whose time touches [fromNs, toNs). */
export const touching = (attempts: readonly SyntheticAttempt[], fromNs: bigint, toNs: bigint) =>
  attempts.filter((one) => one.startNs < toNs && endOf(one) > fromNs);

/** Attempts, failures and durations (ns, by nearest rank) of a function among some. */
export function sumOf(attempts: readonly SyntheticAttempt[], name: string) {
  const own = attempts.filter((one) => one.function === name);
  const sorted = own.map(({ durationNs }) => durationNs).sort((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return {
    count: own.length,
    failures: own.filter(({ error }) => error !== null).length,
    totalNs: sorted.reduce((sum, value) => sum + value, 0),
    p50Ns: rank(0.5),
    p95Ns: rank(0.95),
    maxNs: rank(1),
  };
}

/** The longest time that a worker does nothing between two attempts. */
export function longestIdle(attempts: readonly SyntheticAttempt[]): { readonly worker: number; readonly ns: number } {
  const ends = new Map<number, bigint>();
  let found = { worker: -1, ns: 0 };
  for (const one of attempts) {
    const ns = Number(one.startNs - (ends.get(one.worker) ?? one.startNs));
    if (ns > found.ns) found = { worker: one.worker, ns };
    ends.set(one.worker, endOf(one));
  }
  return found;
}
