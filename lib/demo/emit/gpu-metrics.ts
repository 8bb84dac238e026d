/** What the DCGM exporter exposes for a node (etc/default-counters.csv names; FB values in MiB, energy in mJ). */

import { isThrottled, MESSAGE_BYTES, stepsDone, throttledFor } from '../jobs/training.ts';
import { clockOf, gpusOfNode, gpuTemperature, powerOf } from '../state/gpu-state.ts';
import { nodeAt, type World } from '../world/model.ts';
import type { MetricType, Sample } from './exposition.ts';

/** Samples of one node at a time (Unix ms). */
export function gpuMetrics(world: World, nodeIndex: number, time: number): Sample[] {
  const node = nodeAt(world, nodeIndex);
  const { memoryMib, name, reservedMib, memoryClockMhz } = world.gpu;
  const samples: Sample[] = [];
  for (const { gpu, rank, uuid, busy, used } of gpusOfNode(world, nodeIndex, time)) {
    const labels = {
      gpu: String(gpu),
      UUID: uuid,
      pci_bus_id: `00000000:${(0x1b + gpu * 0x10).toString(16).toUpperCase()}:00.0`,
      device: `nvidia${gpu}`,
      modelName: name,
      hostname: node.name,
      DCGM_FI_DRIVER_VERSION: '570.124.06',
    };
    const add = (metric: string, help: string, value: number, type: MetricType = 'gauge'): void => {
      samples.push({ name: metric, help, type, labels, value });
    };
    const steps = stepsDone(world, time);
    add('DCGM_FI_DEV_SM_CLOCK', 'SM clock frequency (in MHz).', clockOf(world, rank, time));
    add('DCGM_FI_DEV_MEM_CLOCK', 'Memory clock frequency (in MHz).', memoryClockMhz);
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
    add('DCGM_FI_DEV_FB_FREE', 'Framebuffer memory free (in MiB).', memoryMib - used - reservedMib);
    add('DCGM_FI_DEV_FB_USED', 'Framebuffer memory used (in MiB).', used);
    add('DCGM_FI_DEV_FB_RESERVED', 'Framebuffer memory reserved (in MiB).', reservedMib);
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
