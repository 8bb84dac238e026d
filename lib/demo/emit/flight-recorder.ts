/**
 * What PyTorch's Flight Recorder tells of a rank: the JSON form of version 2.10 (torch/csrc/distributed/c10d/FlightRecorder.hpp), with
 * timing switched on. In a hang it is the only one that says what a rank waits in, for neither spans nor Inspector tell of an
 * operation that has not ended.
 */

import {
  type AllReduce,
  type CommunicatorKind,
  MESSAGE_BYTES,
  ranksOf,
  stageOf,
  stepAt,
  trainingStep,
} from '../jobs/training.ts';
import { GPUS_PER_NODE, runAt, trainWorker, type World } from '../world/model.ts';
import { communicatorName } from './collective-metrics.ts';

/** Entries kept of each rank (TORCH_FR_BUFFER_SIZE is 2,000; this many steps are enough to see what came before). */
const STEPS_KEPT = 50;
const BYTES_OF_BFLOAT16 = 2;
const TIMEOUT_MS = 600_000;
/** Watchdog of torch, ms: it learns at its next look that an operation began or ended. */
const WATCHDOG = 100;
const GROUPS: readonly { readonly kind: CommunicatorKind; readonly id: number }[] = [
  { kind: 'tp', id: 1 },
  { kind: 'dp', id: 2 },
];

interface Status {
  readonly last_completed_collective: string;
  readonly last_enqueued_collective: string;
  readonly last_started_collective: string;
}
interface Entry {
  readonly [name: string]: unknown;
  readonly collective_seq_id: number;
  readonly state: 'started' | 'completed';
  readonly process_group: readonly [string, string];
}
export interface FlightRecord {
  readonly version: string;
  readonly comm_lib_version: string;
  readonly nccl_comm_state: Readonly<Record<string, never>>;
  readonly pg_config: Readonly<
    Record<string, { readonly name: string; readonly desc: string; readonly ranks: string }>
  >;
  readonly pg_status: Readonly<Record<string, Status>>;
  readonly entries: readonly Entry[];
}

const nanos = (ms: number): number => Math.round(ms * 1000) * 1000;

/** Ranks of the group that a rank is in, ascending. */
function members(world: World, kind: CommunicatorKind, rank: number): number[] {
  const count = ranksOf(world, kind);
  const node = Math.floor(rank / GPUS_PER_NODE);
  const first = kind === 'tp' ? node * GPUS_PER_NODE : stageOf(world, node) * count;
  return Array.from({ length: count }, (_, index) => first + index);
}

/** What the recorder of a rank holds at a time (Unix ms); null where no training runs then, or there is no such rank. */
export function flightRecord(whole: World, rank: number, time: number): FlightRecord | null {
  const world = runAt(whole, time);
  const last = stepAt(world, time);
  if (last < 0 || !Number.isInteger(rank) || rank < 0 || rank >= world.ranks) return null;
  // Whoever asks for a dump looks, too.
  const discovered = (ms: number): number => nanos(Math.min(time, Math.ceil(ms / WATCHDOG) * WATCHDOG));
  const entries: Entry[] = [];
  const node = Math.floor(rank / GPUS_PER_NODE);
  const name = (kind: CommunicatorKind): string => communicatorName(world, kind, node);
  const status = new Map(GROUPS.map(({ kind }) => [kind, { enqueued: -1, completed: -1 }]));
  const add = (step: number, kind: CommunicatorKind, id: number, operation: AllReduce): void => {
    if (operation.arrival > time) return;
    const isCompleted = operation.end <= time;
    const sequence = step + 1;
    const of = status.get(kind);
    if (of) {
      of.enqueued = sequence;
      if (isCompleted) of.completed = sequence;
    }
    const sizes = [[MESSAGE_BYTES[kind] / BYTES_OF_BFLOAT16]];
    entries.push({
      record_id: 2 * step + id - 1,
      pg_id: id,
      process_group: [String(id), name(kind)],
      thread_name: 'simulated',
      thread_id: String(trainWorker(world, rank).pid),
      collective_seq_id: sequence,
      p2p_seq_id: 0,
      op_id: sequence,
      profiling_name: 'nccl:all_reduce',
      time_created_ns: nanos(operation.arrival),
      ...(isCompleted ? { duration_ms: operation.end - operation.arrival } : {}),
      input_sizes: sizes,
      input_dtypes: ['BFloat16'],
      output_sizes: sizes,
      output_dtypes: ['BFloat16'],
      state: isCompleted ? 'completed' : 'started',
      time_discovered_started_ns: discovered(operation.arrival),
      time_discovered_completed_ns: isCompleted ? discovered(operation.end) : 0,
      retired: isCompleted,
      timeout_ms: TIMEOUT_MS,
      is_p2p: false,
    });
  };
  for (let step = Math.max(0, last - STEPS_KEPT + 1); step <= last; step += 1) {
    const part = trainingStep(world, step)[rank];
    if (part) for (const { kind, id } of GROUPS) add(step, kind, id, part[kind]);
  }
  return {
    version: '2.10',
    comm_lib_version: '',
    nccl_comm_state: {},
    pg_config: Object.fromEntries(
      GROUPS.map(({ kind, id }) => [
        String(id),
        { name: String(id), desc: name(kind), ranks: `[${members(world, kind, rank).join(', ')}]` },
      ]),
    ),
    pg_status: Object.fromEntries(
      GROUPS.map(({ kind, id }) => {
        const { enqueued = -1, completed = -1 } = status.get(kind) ?? {};
        return [
          String(id),
          {
            last_completed_collective: String(completed),
            last_enqueued_collective: String(enqueued),
            last_started_collective: String(enqueued),
          },
        ];
      }),
    ),
    entries,
  };
}
