/** What AMD's device-metrics-exporter exposes for a node (docs/configuration/metricslist.md, names in lower case; VRAM in MB). */

import { MESSAGE_BYTES, stepsDone, throttledFor } from '../jobs/training.ts';
import { clockOf, gpusOfNode, gpuTemperature, powerOf } from '../state/gpu-state.ts';
import { GPUS_PER_NODE, nodeAt, type World } from '../world/model.ts';
import type { MetricType, Sample } from './exposition.ts';

/** Peers that a GPU is linked with. */
const LINKS = GPUS_PER_NODE - 1;

/** Samples of one node at a time (Unix ms). */
export function amdMetrics(world: World, nodeIndex: number, time: number): Sample[] {
  const node = nodeAt(world, nodeIndex);
  const { memoryMib, name, reservedMib, memoryClockMhz } = world.gpu;
  const samples: Sample[] = [];
  for (const { gpu, rank, uuid, busy, used } of gpusOfNode(world, nodeIndex, time)) {
    const labels = {
      gpu_id: String(gpu),
      gpu_uuid: uuid,
      serial_number: `SIM${String(1000 + rank)}`,
      card_model: name,
      card_vendor: 'Advanced Micro Devices, Inc. [AMD/ATI]',
      driver_version: '6.12.12',
      hostname: node.name,
    };
    const add = (
      metric: string,
      help: string,
      value: number,
      type: MetricType = 'gauge',
      more: Readonly<Record<string, string>> = {},
    ): void => {
      samples.push({ name: metric, help, type, labels: { ...labels, ...more }, value });
    };
    add('gpu_gfx_activity', 'Graphics engine usage in percentage', Math.round(100 * busy.resident));
    add('gpu_umc_activity', 'Memory engine usage in percentage', Math.round(44 * busy.computing));
    add('gpu_total_vram', 'Total VRAM available in MB', memoryMib);
    add('gpu_used_vram', 'Used VRAM in MB', used);
    add('gpu_free_vram', 'Free VRAM in MB', memoryMib - used - reservedMib);
    add('gpu_package_power', 'Current socket power in Watts', powerOf(world, rank, time, busy.computing));
    add('gpu_junction_temperature', 'Current junction temperature in Celsius', gpuTemperature(world, rank, time));
    add('gpu_hbm_temperature', 'HBM temperature in Celsius', gpuTemperature(world, rank, time) + 5);
    add('gpu_clock', 'Clock measure in MHz', clockOf(world, rank, time), 'gauge', {
      clock_type: 'GPU_CLOCK_TYPE_SYSTEM',
    });
    add('gpu_clock', 'Clock measure in MHz', memoryClockMhz, 'gauge', { clock_type: 'GPU_CLOCK_TYPE_MEMORY' });
    add('gpu_health', 'Health of the GPU (0 = unhealthy, 1 = healthy)', 1);
    add('pcie_replay_count', 'Number of PCIe replays', 0, 'counter');
    add(
      'gpu_violation_socket_thermal_residency_accumulated',
      'Socket thermal residency in nanoseconds',
      Math.round((throttledFor(world, rank, time) ?? 0) * 0.21 * 1e6),
      'counter',
    );
    const sent = Math.round((stepsDone(world, time) * (MESSAGE_BYTES.dp + MESSAGE_BYTES.tp) * 2) / LINKS / 1000);
    for (let link = 0; link < LINKS; link += 1)
      for (const way of ['rx', 'tx'])
        add(`gpu_xgmi_link_${way}`, 'Accumulated XGMI link data in KB', sent, 'counter', { link_index: String(link) });
  }
  return samples;
}
