/**
 * Incidents by seed: what is broken, and whom a diagnosis should name. The yardstick of X-Ray's answers (test/bench/diagnose.ts);
 * X-Ray itself never reads it.
 */
import { communicatorName } from '../emit/collective-metrics.ts';
import { type Faults, NO_FAULTS } from '../world/faults.ts';
import { GPU_MODELS, type GpuModelName } from '../world/gpu-models.ts';
import { GPUS_PER_NODE, gpuUuid, hash, nodeAt, unit, type World } from '../world/model.ts';
import { otherWorlds } from './other-worlds.ts';
import { createWorld } from './worlds.ts';

export const INCIDENTS = [
  'gpu-throttle',
  'link',
  'host-stall',
  'memory',
  'clock-skew',
  'nic-errors',
  'gpu-ecc',
  'storage',
  'hang',
  'wrong-shards',
  'noisy-neighbour',
  'gc-pauses',
] as const;
export type Incident = (typeof INCIDENTS)[number];

export interface Truth {
  readonly incident: Incident;
  /** Host and GPU that everybody waits for; GPU null: all of the host. */
  readonly late: { readonly host: string; readonly gpu: string | null; readonly uuid: string | null } | null;
  /** Communicator whose transfer is slow. */
  readonly transfer: string | null;
  /** Function that used up the memory. */
  readonly memory: string | null;
  /** Host on which a function is slow, as `function host`. */
  readonly slowHost: string | null;
  /** Communicator that stands still, and the GPU that never joined. */
  readonly hang: { readonly communicator: string; readonly host: string; readonly uuid: string } | null;
}

const MINUTE = 60_000;
const NOBODY = { late: null, transfer: null, memory: null, slowHost: null, hang: null };

const isGpuModel = (name: string): name is GpuModelName => Object.hasOwn(GPU_MODELS, name);
const isIncident = (name: string): name is Incident => INCIDENTS.some((one) => one === name);

/**
 * The clusters that a command line asks for, the one that trains first; an incident is alone. Throws RangeError where there is no
 * such incident.
 */
export function chosenWorlds(options: {
  readonly seed: number;
  readonly anchor: number;
  readonly gpus: number;
  readonly incident: string | null;
  readonly gpuModel?: string;
}): readonly [World, ...World[]] {
  const { seed, anchor, gpus, incident, gpuModel: model = 'h100' } = options;
  if (!isGpuModel(model))
    throw new RangeError(`--gpu-model ${model}: expected one of ${Object.keys(GPU_MODELS).join(', ')}`);
  if (incident === null) return [createWorld(seed, anchor, gpus, undefined, model), ...otherWorlds(seed, anchor)];
  if (!isIncident(incident)) throw new RangeError(`--incident ${incident}: expected one of ${INCIDENTS.join(', ')}`);
  return [incidentWorld(seed, anchor, gpus, incident, model).world];
}

/**
 * A world of `gpus` GPUs with one incident in the quarter of an hour before `anchor` (Unix ms), which the seed draws where it is not
 * given; the same for the same seed.
 */
export function incidentWorld(
  seed: number,
  anchor: number,
  gpus: number,
  chosen?: Incident,
  model?: GpuModelName,
): { world: World; truth: Truth } {
  const draw = (which: number): number => unit(hash(seed, 900), which);
  const incident = chosen ?? INCIDENTS[Math.floor(draw(0) * INCIDENTS.length)] ?? 'gpu-throttle';
  const nodes = gpus / GPUS_PER_NODE;
  const node = Math.floor(draw(1) * nodes);
  const rank = node * GPUS_PER_NODE + Math.floor(draw(2) * GPUS_PER_NODE);
  const start = anchor - (5 + 4 * draw(3)) * MINUTE;
  const other = (node + 1 + Math.floor(draw(4) * (nodes - 1))) % nodes;
  const link = { node, start, length: 30 * MINUTE, period: 90 * MINUTE };
  const slow = { rank, start, share: 1, factor: 1, pauseMs: 0, xid: null };
  const faults: Readonly<Record<Incident, Partial<Faults>>> = {
    'gpu-throttle': { throttle: { rank, start, factor: 1.02 + 0.2 * draw(5) } },
    link: {
      link: { ...link, factor: 1.7 + 1.5 * draw(5), share: 1, isLossy: false },
      decoy: { rank: other * GPUS_PER_NODE, ms: 4 * draw(6) },
    },
    'host-stall': { stall: { node, start, ms: 40 + 350 * draw(5), isCpu: false } },
    memory: { memory: true },
    'clock-skew': { skew: { node, ms: (draw(5) < 0.5 ? -1 : 1) * 30_000 } },
    'nic-errors': {
      link: { ...link, factor: 2 + 1.5 * draw(5), share: 0.6 + 0.3 * draw(6), isLossy: true },
      decoy: { rank: other * GPUS_PER_NODE, ms: 4 * draw(7) },
    },
    // XID 94: a contained ECC error; what it held is computed again.
    'gpu-ecc': { slow: { ...slow, share: 0.5 + 0.4 * draw(5), factor: 1.01 + 0.03 * draw(6), xid: 94 } },
    storage: { storage: { node, start, factor: 1.9 + 0.7 * draw(5) } },
    hang: { hang: { rank, start } },
    'wrong-shards': { slow: { ...slow, start: 0, factor: 1.01 + 0.035 * draw(5) } },
    'noisy-neighbour': { stall: { node, start, ms: 40 + 160 * draw(5), isCpu: true } },
    'gc-pauses': { slow: { ...slow, share: 0.3 + 0.3 * draw(5), pauseMs: 120 + 250 * draw(6) } },
  };
  const world = createWorld(seed, anchor, gpus, { ...NO_FAULTS, ...faults[incident] }, model);
  const host = nodeAt(world, node).name;
  const uuid = gpuUuid(world, node, rank % GPUS_PER_NODE);
  const communicator = communicatorName(world, 'dp', node);
  const lateGpu = { late: { host, gpu: `GPU${rank % GPUS_PER_NODE}`, uuid } };
  const lateHost = { late: { host, gpu: null, uuid: null } };
  const truth: Readonly<Record<Incident, Partial<Truth>>> = {
    'gpu-throttle': lateGpu,
    link: { transfer: communicator },
    'host-stall': lateHost,
    memory: { memory: 'build_index' },
    'clock-skew': {},
    'nic-errors': { transfer: communicator },
    'gpu-ecc': lateGpu,
    storage: { slowHost: `load_shard ${host}` },
    hang: { hang: { communicator, host, uuid } },
    'wrong-shards': lateGpu,
    'noisy-neighbour': lateHost,
    'gc-pauses': lateGpu,
  };
  return { world, truth: { incident, ...NOBODY, ...truth[incident] } };
}
