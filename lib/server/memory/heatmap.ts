/**
 * Use case of GET /api/memory/heatmap: bytes used per node or GPU and bin, from Prometheus, with the kills of the
 * window. A bin holds the maximum of its samples, because a mean hides the moment that kills; bins are never narrower
 * than the scrape interval that the samples show, because a bin between two scrapes is no gap. Which series are of one
 * thing says lib/model/identity.
 */
import type { HeatmapWire } from '../../contract/memory.ts';
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import { nanoseconds, nanosecondsToMilliseconds } from '../../model/units.ts';
import { READ_METRICS } from '../../sources/prometheus/memory-metrics.ts';
import { type NodeAddressRow, nodeAddresses } from '../../store/queries/node-addresses.ts';
import { sessionClusters } from '../../store/queries/sessions.ts';
import { ProblemError } from '../http/problem.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { nameGpuRows, nameNodeRows } from './heatmap-rows.ts';
import { measureMemory } from './measure-memory.ts';
import { listOomKills } from './oom-kills.ts';

export interface HeatmapQuery {
  readonly by: 'node' | 'gpu';
  readonly cluster?: string | undefined;
  readonly session?: string | undefined;
  /** ns */
  readonly from: bigint;
  readonly to: bigint;
  readonly bins: number;
}

const MOST_ROWS = 2000;
const BY_NAME = new Intl.Collator('en', { numeric: true });

/** Throws ProblemError `invalid-parameter` where the window is empty. */
export async function heatmap(runtime: Runtime, query: HeatmapQuery, signal: AbortSignal): Promise<HeatmapWire> {
  const [from, to] = [query.from, query.to].map((time) => nanosecondsToMilliseconds(nanoseconds(time)));
  if (from === undefined || to === undefined || to <= from)
    throw new ProblemError('invalid-parameter', 'parameter "to" must be later than "from"');
  const notices: SourceNoticeWire[] = [];
  const [measured, nodes, clusters, kills] = await Promise.all([
    measureMemory({ runtime, by: query.by, notices, signal }, from, to, query.bins),
    runtime.engine.select(nodeAddresses, { session: query.session ?? '' }, { signal }),
    sessionClusters(runtime.engine),
    // A node's kills say nothing of a GPU's memory.
    query.by === 'node'
      ? listOomKills(
          runtime,
          { cluster: query.cluster, session: query.session, from: query.from, to: query.to },
          signal,
        )
      : null,
  ]);
  const { bins } = measured;
  const there = nodes.filter((node) => livedIn(node, query.from, query.to));
  const { sightings, holders } = measured;
  const named = await (query.by === 'gpu' ? nameGpuRows(sightings, holders, there) : nameNodeRows(sightings, there));
  const chosen: HeatmapWire['rows'] = [];
  for (const { row, sessions } of named) {
    const isRequested = query.session !== undefined && sessions.has(query.session);
    const session = isRequested ? (query.session ?? null) : row.session;
    const cluster = (session && clusters.get(session)) || row.cluster;
    if (query.cluster && cluster !== query.cluster) continue;
    if (query.session && sessions.size > 0 && !isRequested) continue;
    chosen.push({ ...row, session, cluster });
  }
  // Sorting by language is slow: of very many rows the first are chosen by code points.
  const rows = (
    chosen.length > MOST_ROWS
      ? chosen.sort((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0)).slice(0, MOST_ROWS)
      : chosen
  ).sort((a, b) => BY_NAME.compare(a.label, b.label) || BY_NAME.compare(a.id, b.id));
  if (chosen.length > MOST_ROWS)
    notices.push({
      source: 'prometheus',
      kind: 'partial',
      message: `${chosen.length} rows were measured; the first ${MOST_ROWS} by name are shown`,
      whatToDo: 'Choose one cluster.',
    });
  // What was left out, or not understood, is no reason for an empty map by itself.
  if (rows.length === 0 && notices.every(({ kind }) => kind === 'partial')) notices.push(nothingMeasured(query.by));
  const shown = rows;
  const byNode = new Map<string, string>();
  const byIp = new Map<string, string>();
  for (const { id, nodeId, nodeIp } of shown) {
    if (nodeId !== null && !byNode.has(nodeId)) byNode.set(nodeId, id);
    if (nodeIp !== null && !byIp.has(nodeIp)) byIp.set(nodeIp, id);
  }
  return {
    by: query.by,
    startMs: bins.start,
    stepMs: bins.step,
    count: bins.count,
    rows: shown,
    kills: (kills?.kills ?? []).map(({ timeNs, name, kind, nodeId, nodeIp }) => ({
      timeNs,
      name,
      kind,
      rowId: (nodeId === null ? undefined : byNode.get(nodeId)) ?? byIp.get(nodeIp ?? '') ?? null,
    })),
    notices: [
      ...notices,
      ...(kills?.notices ?? []).filter((one) => !notices.some((known) => known.source === one.source)),
    ],
  };
}

const livedIn = (node: NodeAddressRow, from: bigint, to: bigint): boolean =>
  (node.start_ns === null || BigInt(node.start_ns) < to) && (node.end_ns === null || BigInt(node.end_ns) >= from);

const nothingMeasured = (by: 'node' | 'gpu'): SourceNoticeWire =>
  by === 'node'
    ? {
        source: 'prometheus',
        kind: 'nothing-measured',
        message: `no memory of a node was measured in this window (${READ_METRICS.node.names})`,
        whatToDo: "Let Prometheus scrape Ray's metrics endpoints, or node_exporter on every host.",
      }
    : {
        source: 'prometheus',
        kind: 'nothing-measured',
        message: `no memory of a GPU was measured in this window (${READ_METRICS.gpu.names})`,
        whatToDo: "Let Prometheus scrape dcgm-exporter, device-metrics-exporter (AMD) or Ray's metrics endpoints.",
      };
