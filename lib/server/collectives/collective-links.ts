/**
 * Ports that are slow or lossy on hosts of communicators whose transfer got slower: what to look at first. Asked only where a
 * transfer is slow; where Prometheus cannot say, nothing is said.
 */
import type { BadPortWire, CommunicatorWire } from '../../contract/collectives.ts';
import {
  decodePort,
  fullRateQuery,
  lossyPortsQuery,
  type PortName,
  slowPortsQuery,
} from '../../sources/prometheus/link-health.ts';
import { grouped } from '../clusters/known-clusters.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type CollectiveScope, instantOf, windowSeconds } from './collective-locations.ts';

/** A port that came up slow before the window is not told from one that is built so; an hour back at least. */
const LEAST_S = 3600;
const MOST_PORTS = 16;

/** GB/s; null where nothing is said. A port that is down runs at 0. */
const gigabytes = (port: { readonly value: number } | undefined): number | null =>
  port === undefined ? null : port.value / 1e9;

/** The communicators, each slow one with the bad ports of its hosts. `hostsOf`: names of the hosts of a communicator. */
export async function withBadPorts(
  runtime: Runtime,
  scope: CollectiveScope,
  communicators: readonly CommunicatorWire[],
  hostsOf: (communicator: CommunicatorWire) => ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly CommunicatorWire[]> {
  if (communicators.every(({ slowTransfer }) => slowTransfer === null)) return communicators;
  const portsOf = grouped(await badPorts(runtime, scope, signal), ({ host }) => host);
  return communicators.map((one) => {
    if (one.slowTransfer === null) return one;
    return { ...one, badPorts: portsAt(hostsOf(one), portsOf) };
  });
}

/** The first ports of these hosts, by host and device. */
function portsAt(hosts: ReadonlySet<string>, portsOf: ReadonlyMap<string, readonly BadPortWire[]>): BadPortWire[] {
  const found: BadPortWire[] = [];
  for (const host of [...hosts].sort()) {
    found.push(...(portsOf.get(host) ?? []).slice(0, MOST_PORTS));
    if (found.length >= MOST_PORTS) break;
  }
  return found.slice(0, MOST_PORTS);
}

async function badPorts(runtime: Runtime, scope: CollectiveScope, signal: AbortSignal): Promise<BadPortWire[]> {
  const seconds = Math.max(LEAST_S, windowSeconds(scope.window));
  const time = instantOf(scope.window);
  const ask = async (name: string, promql: string): Promise<ReadonlyMap<string, PortName & { value: number }>> => {
    const { data } = await runtime.prometheus.instant({ name, promql, time }, signal);
    return new Map(
      data.flatMap(({ labels, value }) => {
        const port = decodePort(labels);
        if (port === null || (scope.cluster !== null && port.cluster !== null && port.cluster !== scope.cluster))
          return [];
        return [[`${port.host} ${port.device} ${port.port}`, { ...port, value }] as const];
      }),
    );
  };
  try {
    const [slow, full, lossy] = await Promise.all([
      ask('slow-ports', slowPortsQuery(seconds)),
      ask('full-rates', fullRateQuery(seconds)),
      ask('lossy-ports', lossyPortsQuery),
    ]);
    return [...new Map([...slow, ...lossy])]
      .map(
        ([key, { host, device, port }]): BadPortWire => ({
          host: scope.nodeOf(host)?.name ?? host,
          device,
          port,
          rateGBs: gigabytes(slow.get(key)),
          fullRateGBs: gigabytes(full.get(key)),
          errorsPerSecond: lossy.get(key)?.value ?? null,
        }),
      )
      .sort((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : a.device < b.device ? -1 : 1));
  } catch (error) {
    if (signal.aborted) throw error;
    return [];
  }
}
