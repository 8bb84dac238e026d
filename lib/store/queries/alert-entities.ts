/** What the labels of an alert name: the Ray node at an address, and the rank that used a GPU. */
import { z } from 'zod';
import type { Query } from '../engine.ts';
import { SESSION_CLUSTERS } from './jobs.ts';

export interface NodeAtAddress {
  readonly session: string;
  readonly cluster: string;
  readonly node_id: string;
  readonly ip: string;
  readonly name: string;
  /** Nodes of that session at the same address in that time: two raylets on one host cannot be told apart by it. */
  readonly sharing: number;
}

/**
 * Newest first. Parameters: ip, name ('' for any), session, cluster ('' for any), at (ns: the node had begun by then), from (ns: it
 * had not ended before). */
export const nodesAtAddress: Query<NodeAtAddress> = {
  name: 'nodes-at-address',
  sql: `SELECT session, cluster, node_id, ip, name, count() OVER (PARTITION BY session) AS sharing
    FROM (
      SELECT session, node_id, max(ray_nodes.ip) AS ip, if(max(ray_nodes.name) = '', max(hostname), max(ray_nodes.name)) AS name,
        max(hostname) AS host, min(start_ns) AS begin_ns, min(ray_nodes.end_ns) AS over_ns, max(seen_ns) AS heard_ns
      FROM xray.ray_nodes WHERE {session:String} = '' OR session = {session:String} GROUP BY session, node_id
    ) AS nodes
    LEFT JOIN ${SESSION_CLUSTERS} AS clusters ON clusters.session = nodes.session
    WHERE (({ip:String} != '' AND ip = {ip:String}) OR ({name:String} != '' AND {name:String} IN (name, host, node_id)))
      AND ({cluster:String} = '' OR cluster = {cluster:String}) AND ifNull(begin_ns, 0) <= {at:Int64}
      AND (over_ns IS NULL OR over_ns >= {from:Int64})
    ORDER BY heard_ns DESC LIMIT 10`,
  row: z.object({
    session: z.string(),
    cluster: z.string(),
    node_id: z.string(),
    ip: z.string(),
    name: z.string(),
    sharing: z.coerce.number(),
  }),
};

/**
 * The rank that ran on a GPU in [from, to), from spans: by the GPU's UUID (resource attribute hw.id) or by host and index.
 * Spans of single collectives are left out, because their rank is that within their communicator.
 */
export const rankOnGpu: Query<{ rank: string; worker_id: string; job_id: string }> = {
  name: 'rank-on-gpu',
  sql: `SELECT SpanAttributes['rank'] AS rank, SpanAttributes['ray.worker_id'] AS worker_id, SpanAttributes['ray.job_id'] AS job_id
    FROM xray.otel_traces
    WHERE Timestamp >= fromUnixTimestamp64Nano({from:Int64}) AND Timestamp < fromUnixTimestamp64Nano({to:Int64})
      AND mapContains(SpanAttributes, 'rank') AND NOT mapContains(SpanAttributes, 'comm_id_hash')
      AND (({uuid:String} != '' AND ResourceAttributes['hw.id'] = {uuid:String})
        OR ({gpu:String} != '' AND ResourceAttributes['host.name'] = {host:String} AND SpanAttributes['gpu.index'] = {gpu:String}))
    ORDER BY worker_id != '' DESC, Timestamp DESC LIMIT 1`,
  row: z.object({ rank: z.string(), worker_id: z.string(), job_id: z.string() }),
};
