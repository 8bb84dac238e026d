/** What Prometheus measures of clusters' nodes now. Each question fails alone; a failure becomes a notice. */
import type { SourceHealthWire } from '../../contract/health.ts';
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import type { GpuMeasurement, NodeMeasurement } from '../../model/node-measurement.ts';
import { type Milliseconds, milliseconds } from '../../model/units.ts';
import {
  dcgmQuery,
  decodeDcgm,
  decodeNodeMeasurements,
  endpointsQuery,
  type NamedQuery,
  nodeQueries,
  type Sample,
} from '../../sources/prometheus/node-measurements.ts';
import { nodeAddresses } from '../../store/queries/node-addresses.ts';
import { noticeOf } from '../alerts/alerts.ts';
import { type EndpointHistory, endpointKey, measuredRaylets } from '../nodes/measured-raylets.ts';
import { createNodeLocations } from '../nodes/node-locations.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { grouped } from './known-clusters.ts';

/** Names of hosts in one expression. */
const MOST_DCGM_HOSTS = 2000;

export interface Measured {
  readonly nodes: readonly NodeMeasurement[];
  readonly notices: readonly SourceNoticeWire[];
  /** False where Prometheus did not answer: that a session is not in it means nothing then. */
  readonly complete: boolean;
}

/** Of one session, or of every session Prometheus knows now (null). `at`: Unix ms, for looking back; null: now. */
export async function measureNodes(
  runtime: Pick<Runtime, 'prometheus' | 'engine'>,
  session: string | null,
  at: Milliseconds | null,
  signal?: AbortSignal,
): Promise<Measured> {
  const notices: SourceNoticeWire[] = [];
  const ask = async (query: NamedQuery): Promise<readonly Sample[]> => {
    try {
      return (await runtime.prometheus.instant(at === null ? query : { ...query, time: at }, signal)).data;
    } catch (error) {
      if (signal?.aborted) throw error;
      const notice = noticeOf('prometheus', error);
      // Of a source that does not answer one notice says all.
      if (!notices.some((one) => one.kind === notice.kind && notice.kind !== 'refused')) notices.push(notice);
      return [];
    }
  };
  const queries = nodeQueries(session);
  const [hosts, sampled, resources, gpus] = await Promise.all([
    ask(queries.hosts),
    ask(queries.sampled),
    ask(queries.resources),
    ask(queries.gpus),
  ]);
  const endpoints = await decodeNodeMeasurements({ hosts, sampled, resources, gpus });
  const measured = await measuredRaylets(endpoints, () => endpointHistory(runtime, session, at, signal));
  const nodes = at === null ? byOwnClock(measured, runtime.prometheus.health()) : measured;
  return { nodes, notices, complete: notices.length === 0 };
}

/** Minutes in which endpoints are compared: as long as Prometheus itself looks back for a sample. */
const HISTORY_MS = 300_000;
const MINUTE = milliseconds(60_000);

/** Where Prometheus does not say when endpoints were there, those of one address count as one after the other. */
async function endpointHistory(
  { prometheus, engine }: Pick<Runtime, 'prometheus' | 'engine'>,
  session: string | null,
  at: Milliseconds | null,
  signal?: AbortSignal,
): Promise<EndpointHistory> {
  const to = at ?? milliseconds(Date.now());
  const window = { from: milliseconds(to - HISTORY_MS), to, step: MINUTE };
  const [requested, rows] = await Promise.all([
    prometheus.range({ ...endpointsQuery(session, MINUTE), ...window }, signal).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      return null;
    }),
    engine.select(nodeAddresses, { session: session ?? '' }, signal ? { signal } : {}),
  ]);
  return {
    minutes: new Map(
      requested?.data.series.map(({ labels, values }) => [
        endpointKey(labels.SessionName ?? '', labels.instance ?? ''),
        values,
      ]),
    ),
    raylets: createNodeLocations(rows).atOnce,
  };
}

/** Times of samples by this machine's clock: where that of Prometheus is wrong, a cluster would seem dead, or alive for ever. */
function byOwnClock(nodes: readonly NodeMeasurement[], health: SourceHealthWire): readonly NodeMeasurement[] {
  const aheadMs = Number(health.details.clockAheadSeconds ?? 0) * 1000;
  const now = Date.now();
  if (aheadMs === 0 && nodes.every(({ sampled }) => sampled === null || sampled <= now)) return nodes;
  return nodes.map((node) =>
    node.sampled === null ? node : { ...node, sampled: milliseconds(Math.min(now, node.sampled - aheadMs)) },
  );
}

/** GPUs of hosts as dcgm-exporter measures them, by host name; empty where it does not. Rejects as Prometheus does. */
export async function measureByDcgm(
  runtime: Pick<Runtime, 'prometheus'>,
  hosts: readonly string[],
  at: Milliseconds | null,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, readonly GpuMeasurement[]>> {
  if (hosts.length === 0) return new Map();
  const query = dcgmQuery(hosts.slice(0, MOST_DCGM_HOSTS));
  return decodeDcgm((await runtime.prometheus.instant(at === null ? query : { ...query, time: at }, signal)).data);
}

/** Raylets by the host they run on: raylets that share an address share its CPUs, memory and GPUs. */
export function byHost(nodes: readonly NodeMeasurement[]): readonly (readonly NodeMeasurement[])[] {
  return [...grouped(nodes, (node) => `${node.session}\n${node.ip || node.instance}`).values()];
}

/** GPUs of one host, each once, however many raylets report it. */
export function gpusOfHost(raylets: readonly NodeMeasurement[]): readonly GpuMeasurement[] {
  const gpus = new Map<string, GpuMeasurement>();
  for (const raylet of raylets) for (const gpu of raylet.gpus) gpus.set(gpu.uuid || String(gpu.index), gpu);
  return [...gpus.values()].sort((a, b) => a.index - b.index);
}
