/** A synthetic job for benches: many short attempts on many workers, some failed, some long, some still running. */
import type { AttemptPart, ProfileSpan } from '../../lib/model/task.ts';
import { nanoseconds } from '../../lib/model/units.ts';

/** Numerical Recipes' linear congruential generator: the same job in every run. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const FUNCTIONS = ['synthetic_read', 'synthetic_decode', 'synthetic_tokenize', 'synthetic_join', 'synthetic_write'];
export const SYNTHETIC = { session: 'session_synthetic_bench', job: '0a000000', originNs: 1_790_000_000_000_000_000n };

interface SyntheticAttempt {
  readonly taskId: string;
  readonly attempt: number;
  readonly functionName: string;
  readonly node: number;
  readonly worker: number;
  readonly startNs: bigint;
  /** null: still running. */
  readonly endNs: bigint | null;
  readonly failed: boolean;
}

/** `count` attempts over `nodes` x `workers` lanes; each worker runs one after the other; 1 % fail, 1 % are 20 times as long. */
export function syntheticAttempts(count: number, nodes = 8, workers = 16): readonly SyntheticAttempt[] {
  const random = seeded(count);
  const lanes = nodes * workers;
  const free = new Float64Array(lanes);
  const made: SyntheticAttempt[] = [];
  for (let i = 0; i < count; i++) {
    const lane = i % lanes;
    const start = (free[lane] ?? 0) + random() * 5e6;
    const long = random() < 0.01 ? 20 : 1;
    const length = (2e6 + random() * 60e6) * long;
    free[lane] = start + length;
    const failed = random() < 0.01;
    const open = i >= count - lanes && random() < 0.3;
    const at = SYNTHETIC.originNs + BigInt(Math.floor(start));
    made.push({
      taskId: `${i.toString(16).padStart(16, '0')}ffffffffffffffffffffffff${SYNTHETIC.job}`,
      attempt: 0,
      functionName: FUNCTIONS[Math.floor(random() * FUNCTIONS.length)] ?? '',
      node: Math.floor(lane / workers),
      worker: lane,
      startNs: at,
      endNs: open ? null : at + BigInt(Math.floor(length)),
      failed: failed && !open,
    });
  }
  return made;
}

const hex = (value: number, length: number): string => value.toString(16).padStart(length, '0');
const nodeId = (node: number): string => `${hex(node + 1, 8)}${'5e'.repeat(24)}`;
const workerId = (worker: number): string => `${hex(worker + 1, 8)}${'3c'.repeat(24)}`;

export function attemptPart(one: SyntheticAttempt): AttemptPart {
  const before = one.startNs - 3_000_000n;
  return {
    session: SYNTHETIC.session,
    jobId: SYNTHETIC.job,
    taskId: one.taskId,
    attempt: one.attempt,
    source: 'event',
    type: 'NORMAL_TASK',
    functionName: one.functionName,
    nodeId: nodeId(one.node),
    workerId: workerId(one.worker),
    workerPid: 1000 + one.worker,
    requiredResources: { CPU: 1 },
    stateTimes: {
      PENDING_ARGS_AVAIL: nanoseconds(before),
      PENDING_NODE_ASSIGNMENT: nanoseconds(before + 500_000n),
      SUBMITTED_TO_WORKER: nanoseconds(before + 1_000_000n),
      RUNNING: nanoseconds(one.startNs),
      ...(one.endNs === null ? {} : { [one.failed ? 'FAILED' : 'FINISHED']: nanoseconds(one.endNs) }),
    },
    ...(one.failed ? { errorType: 'TASK_EXECUTION_EXCEPTION', errorMessage: 'ValueError: synthetic' } : {}),
  };
}

/** Deserialize, execute, store: 2 %, 90 %, 8 % of the attempt. */
export function phaseSpans(one: SyntheticAttempt): readonly ProfileSpan[] {
  if (one.endNs === null) return [];
  const length = one.endNs - one.startNs;
  const cuts = [0n, (length * 2n) / 100n, (length * 92n) / 100n, length];
  return ['task:deserialize_arguments', 'task:execute', 'task:store_outputs'].map((name, i) => ({
    session: SYNTHETIC.session,
    jobId: SYNTHETIC.job,
    taskId: one.taskId,
    attempt: one.attempt,
    componentType: 'worker',
    workerId: workerId(one.worker),
    nodeIp: '192.0.2.1',
    name,
    start: nanoseconds(one.startNs + (cuts[i] ?? 0n)),
    end: nanoseconds(one.startNs + (cuts[i + 1] ?? 0n)),
    extra: '',
  }));
}
