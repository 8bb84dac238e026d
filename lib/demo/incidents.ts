/**
 * Incidents by seed: what is broken, and whom a diagnosis should name. The yardstick of X-Ray's answers (test/bench/diagnose.ts);
 * X-Ray itself never reads it.
 */
import { communicatorName } from './collective-metrics.ts';
import {
  createWorld,
  type Faults,
  GPUS_PER_NODE,
  gpuUuid,
  hash,
  NO_FAULTS,
  nodeAt,
  unit,
  type World,
} from './model.ts';

export const INCIDENTS = ['gpu-throttle', 'link', 'host-stall', 'memory', 'clock-skew'] as const;
export type Incident = (typeof INCIDENTS)[number];

export interface Truth {
  readonly incident: Incident;
  /** Host and GPU that everybody waits for; GPU null: all of the host. */
  readonly late: { readonly host: string; readonly gpu: string | null; readonly uuid: string | null } | null;
  /** Communicator whose transfer is slow. */
  readonly transfer: string | null;
  /** Function that used up the memory. */
  readonly memory: string | null;
}

const MINUTE = 60_000;
const NOBODY = { late: null, transfer: null, memory: null };

/** A world of `gpus` GPUs with one incident in the quarter of an hour before `anchor` (Unix ms); the same for the same seed. */
export function incidentWorld(seed: number, anchor: number, gpus: number): { world: World; truth: Truth } {
  const draw = (which: number): number => unit(hash(seed, 900), which);
  const incident = INCIDENTS[Math.floor(draw(0) * INCIDENTS.length)] ?? 'gpu-throttle';
  const nodes = gpus / GPUS_PER_NODE;
  const node = Math.floor(draw(1) * nodes);
  const rank = node * GPUS_PER_NODE + Math.floor(draw(2) * GPUS_PER_NODE);
  const start = anchor - (5 + 4 * draw(3)) * MINUTE;
  const other = (node + 1 + Math.floor(draw(4) * (nodes - 1))) % nodes;
  const link = { node, start, length: 30 * MINUTE, period: 90 * MINUTE, factor: 1.7 + 1.5 * draw(5) };
  const faults: Readonly<Record<Incident, Partial<Faults>>> = {
    'gpu-throttle': { throttle: { rank, start, factor: 1.02 + 0.2 * draw(5) } },
    link: { link, decoy: { rank: other * GPUS_PER_NODE, ms: 4 * draw(6) } },
    'host-stall': { stall: { node, start, ms: 40 + 350 * draw(5) } },
    memory: { memory: true },
    'clock-skew': { skew: { node, ms: (draw(5) < 0.5 ? -1 : 1) * 30_000 } },
  };
  const world = createWorld(seed, anchor, gpus, { ...NO_FAULTS, ...faults[incident] });
  const host = nodeAt(world, node).name;
  const truth: Readonly<Record<Incident, Partial<Truth>>> = {
    'gpu-throttle': {
      late: { host, gpu: `GPU${rank % GPUS_PER_NODE}`, uuid: gpuUuid(world, node, rank % GPUS_PER_NODE) },
    },
    link: { transfer: communicatorName(world, 'dp', node) },
    'host-stall': { late: { host, gpu: null, uuid: null } },
    memory: { memory: 'build_index' },
    'clock-skew': {},
  };
  return { world, truth: { incident, ...NOBODY, ...truth[incident] } };
}
