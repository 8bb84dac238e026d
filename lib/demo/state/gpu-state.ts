/** What a GPU's sensors show at a time (Unix ms), whoever exports it. */

import { isThrottled, livingRun, stepAt, throttledFor } from '../jobs/training.ts';
import { GPUS_PER_NODE, gpuUuid, unit, type World, wave } from '../world/model.ts';
import { gpuBusy, gpuMemoryUsed } from './memory.ts';

const WARM_UP = 180_000;

function isAtWork(world: World, time: number): boolean {
  const run = livingRun(world, time);
  return run !== null && (stepAt(run, time) >= 0 || run.serving !== null);
}

/** The GPUs of a node at a time: where each is, how busy, and what it holds (MiB). */
export const gpusOfNode = (world: World, nodeIndex: number, time: number) =>
  Array.from({ length: GPUS_PER_NODE }, (_, gpu) => {
    const rank = nodeIndex * GPUS_PER_NODE + gpu;
    return {
      gpu,
      rank,
      uuid: gpuUuid(world, nodeIndex, gpu),
      busy: gpuBusy(world, rank, time),
      used: gpuMemoryUsed(world, rank, time),
    };
  });

/** Temperature of a GPU, degrees Celsius: the throttled one climbs to 91 within three minutes. */
export function gpuTemperature(world: World, rank: number, time: number): number {
  const idle = 34 + 4 * unit(world.seed, 80, rank);
  const busy = isAtWork(world, time) ? 26 + 4 * unit(world.seed, 81, rank) : 0;
  const normal = idle + busy + 1.2 * wave(time, 40_000, world.seed, 82, rank);
  const hotMs = throttledFor(world, rank, time);
  if (hotMs === null) return Math.round(normal);
  const share = Math.min(1, hotMs / WARM_UP);
  return Math.round(normal + (91 - normal) * share);
}

/** Clock of its compute units, MHz. */
export const clockOf = (world: World, rank: number, time: number): number =>
  isThrottled(world, rank, time)
    ? world.gpu.clockMhz.throttled + 15 * Math.round(2 * wave(time, 15_000, world.seed, 83))
    : isAtWork(world, time)
      ? world.gpu.clockMhz.busy
      : world.gpu.clockMhz.idle;

/** Power, W, where it computes for this share of the time. */
export const powerOf = (world: World, rank: number, time: number, computing: number): number =>
  Math.round(
    (world.gpu.watts.idle +
      world.gpu.watts[isThrottled(world, rank, time) ? 'throttled' : 'busy'] * computing +
      12 * wave(time, 12_000, world.seed, 84, rank)) *
      10,
  ) / 10;
