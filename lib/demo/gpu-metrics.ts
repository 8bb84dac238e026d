/** What the DCGM exporter exposes for a node (etc/default-counters.csv names; FB values in MiB, energy in mJ). */
import type { MetricType, Sample } from './exposition.ts';
import { gpuBusy, gpuMemoryUsed } from './memory.ts';
import { GPU_MEMORY_MIB, GPU_MODEL, GPUS_PER_NODE, gpuUuid, nodeAt, unit, type World, wave } from './model.ts';
import { isThrottled, livingRun, MESSAGE_BYTES, stepAt, stepsDone, throttledFor } from './training.ts';

const RESERVED_MIB = 551;
const WARM_UP = 180_000;

function isTraining(world: World, time: number): boolean {
  const run = livingRun(world, time);
  return run !== null && stepAt(run, time) >= 0;
}

/** Temperature of a GPU, degrees Celsius: the throttled one climbs to 91 within three minutes. */
export function gpuTemperature(world: World, rank: number, time: number): number {
  const idle = 34 + 4 * unit(world.seed, 80, rank);
  const busy = isTraining(world, time) ? 26 + 4 * unit(world.seed, 81, rank) : 0;
  const normal = idle + busy + 1.2 * wave(time, 40_000, world.seed, 82, rank);
  const hotMs = throttledFor(world, rank, time);
  if (hotMs === null) return Math.round(normal);
  const share = Math.min(1, hotMs / WARM_UP);
  return Math.round(normal + (91 - normal) * share);
}

const clockOf = (world: World, rank: number, time: number): number =>
  isThrottled(world, rank, time)
    ? 1395 + 15 * Math.round(2 * wave(time, 15_000, world.seed, 83))
    : isTraining(world, time)
      ? 1755
      : 345;

const powerOf = (world: World, rank: number, time: number, computing: number): number =>
  Math.round(
    (95 + (isThrottled(world, rank, time) ? 380 : 560) * computing + 12 * wave(time, 12_000, world.seed, 84, rank)) *
      10,
  ) / 10;

/** Samples of one node at a time (Unix ms). */
export function gpuMetrics(world: World, nodeIndex: number, time: number): Sample[] {
  const node = nodeAt(world, nodeIndex);
  const samples: Sample[] = [];
  for (let gpu = 0; gpu < GPUS_PER_NODE; gpu += 1) {
    const rank = nodeIndex * GPUS_PER_NODE + gpu;
    const labels = {
      gpu: String(gpu),
      UUID: gpuUuid(world, nodeIndex, gpu),
      pci_bus_id: `00000000:${(0x1b + gpu * 0x10).toString(16).toUpperCase()}:00.0`,
      device: `nvidia${gpu}`,
      modelName: GPU_MODEL,
      hostname: node.name,
      DCGM_FI_DRIVER_VERSION: '570.124.06',
    };
    const add = (name: string, help: string, value: number, type: MetricType = 'gauge'): void => {
      samples.push({ name, help, type, labels, value });
    };
    const busy = gpuBusy(world, rank, time);
    const used = gpuMemoryUsed(world, rank, time);
    const steps = stepsDone(world, time);
    add('DCGM_FI_DEV_SM_CLOCK', 'SM clock frequency (in MHz).', clockOf(world, rank, time));
    add('DCGM_FI_DEV_MEM_CLOCK', 'Memory clock frequency (in MHz).', 2619);
    add('DCGM_FI_DEV_GPU_TEMP', 'GPU temperature (in C).', gpuTemperature(world, rank, time));
    add('DCGM_FI_DEV_MEMORY_TEMP', 'Memory temperature (in C).', gpuTemperature(world, rank, time) + 7);
    add('DCGM_FI_DEV_POWER_USAGE', 'Power draw (in W).', powerOf(world, rank, time, busy.computing));
    add(
      'DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION',
      'Total energy consumption since boot (in mJ).',
      Math.round((time - world.boot) * 560),
      'counter',
    );
    add('DCGM_FI_DEV_PCIE_REPLAY_COUNTER', 'Total number of PCIe retries.', 0, 'counter');
    add('DCGM_FI_DEV_GPU_UTIL', 'GPU utilization (in %).', Math.round(100 * busy.resident));
    add('DCGM_FI_DEV_MEM_COPY_UTIL', 'Memory utilization (in %).', Math.round(48 * busy.computing));
    const { slow } = world.faults;
    const xid = slow !== null && slow.rank === rank && time >= slow.start ? (slow.xid ?? 0) : 0;
    add('DCGM_FI_DEV_XID_ERRORS', 'Value of the last XID error encountered.', xid);
    add(
      'DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS',
      'Number of remapped rows for uncorrectable errors',
      xid === 0 ? 0 : 1 + Math.floor((time - (slow?.start ?? time)) / 120_000),
      'counter',
    );
    add('DCGM_FI_DEV_FB_FREE', 'Framebuffer memory free (in MiB).', GPU_MEMORY_MIB - used - RESERVED_MIB);
    add('DCGM_FI_DEV_FB_USED', 'Framebuffer memory used (in MiB).', used);
    add('DCGM_FI_DEV_FB_RESERVED', 'Framebuffer memory reserved (in MiB).', RESERVED_MIB);
    add(
      'DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL',
      'Total number of NVLink bandwidth counters for all lanes.',
      Math.round((steps * (MESSAGE_BYTES.dp + MESSAGE_BYTES.tp) * 2) / 1e6),
      'counter',
    );
    add(
      'DCGM_FI_DEV_THERMAL_VIOLATION',
      'Throttling duration due to thermal constraints (in ns).',
      Math.round((throttledFor(world, rank, time) ?? 0) * 0.21 * 1e6),
      'counter',
    );
    add(
      'DCGM_FI_DEV_CLOCKS_EVENT_REASONS',
      'Current clock event reasons (bitmask).',
      isThrottled(world, rank, time) ? 0x20 : 0,
    );
    add('DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'Ratio of time the graphics engine is active.', round(busy.resident));
    add(
      'DCGM_FI_PROF_PIPE_TENSOR_ACTIVE',
      'Ratio of cycles the tensor (HMMA) pipe is active.',
      round(busy.computing * 0.52),
    );
    add(
      'DCGM_FI_PROF_DRAM_ACTIVE',
      'Ratio of cycles the device memory interface is active sending or receiving data.',
      round(busy.computing * 0.44),
    );
  }
  return samples;
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
