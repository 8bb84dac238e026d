/** What node_exporter's infiniband collector exposes for a node: eight ports of 400 Gb/s (InfiniBand NDR), one beside each GPU. */

import { isLinkBad, LINK_LIMIT, MESSAGE_BYTES, ranksOf, stepsDone } from '../jobs/training.ts';
import { GPUS_PER_NODE, unit, type World } from '../world/model.ts';
import type { MetricType, Sample } from './exposition.ts';

/** Bytes per second of a port: a share of what limits the wire of a node. */
const PORT_RATE = LINK_LIMIT.dp / GPUS_PER_NODE;
/** Damaged packets per second of a lossy port. */
const ERRORS_PER_SECOND = 40;

/** How long the link of a node was bad up to a time, ms. */
function badFor(world: World, node: number, time: number): number {
  const { link } = world.faults;
  if (link === null || link.node !== node || time < link.start) return 0;
  const whole = Math.floor((time - link.start) / link.period);
  return whole * link.length + Math.min(link.length, (time - link.start) % link.period);
}

/** Samples of one node at a time (Unix ms). */
export function linkMetrics(world: World, node: number, time: number): Sample[] {
  const samples: Sample[] = [];
  const { link } = world.faults;
  const steps = stepsDone(world, time);
  const nodes = ranksOf(world, 'dp') / GPUS_PER_NODE;
  // A ring over the nodes leaves each once, over all of its ports.
  const bytes = nodes < 2 ? 0 : Math.round((steps * 2 * (nodes - 1) * MESSAGE_BYTES.dp) / nodes / GPUS_PER_NODE);
  for (let port = 0; port < GPUS_PER_NODE; port += 1) {
    const labels = { device: `mlx5_${port}`, port: '1' };
    const add = (name: string, help: string, value: number, type: MetricType = 'counter'): void => {
      samples.push({ name: `node_infiniband_${name}`, help, type, labels, value });
    };
    const isWorst = link !== null && port === link.node % GPUS_PER_NODE;
    const bad = isWorst && isLinkBad(world, node, time) ? link : null;
    const damaged = isWorst && link.isLossy ? Math.floor((badFor(world, node, time) / 1000) * ERRORS_PER_SECOND) : 0;
    // Now and then a symbol is damaged on any link.
    const usual = Math.floor(((time - world.boot) / 3_600_000) * 3 * unit(world.seed, 75, node, port));
    add('port_data_transmitted_bytes_total', 'Number of data octets transmitted on all links', bytes);
    add('port_data_received_bytes_total', 'Number of data octets received on all links', bytes);
    add('port_errors_received_total', 'Number of packets containing an error that were received on this port', damaged);
    add('symbol_error_total', 'Number of minor link errors detected on one or more physical lanes', usual + damaged);
    add('link_downed_total', 'Number of times the link failed to recover from an error state and went down', 0);
    add(
      'rate_bytes_per_second',
      'Maximum signal transfer rate',
      // Lanes are lost by halves: 4x, 2x, 1x.
      bad === null || bad.isLossy ? PORT_RATE : PORT_RATE / 2 ** Math.round(Math.log2(bad.factor)),
      'gauge',
    );
  }
  return samples;
}
