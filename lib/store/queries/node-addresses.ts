/** Ray's nodes with the addresses that metrics know them by, and when they lived. */
import { z } from 'zod';
import type { Query } from '../engine.ts';

export interface NodeAddressRow {
  readonly session: string;
  readonly node_id: string;
  readonly ip: string;
  readonly name: string;
  readonly hostname: string;
  readonly is_head: boolean;
  readonly start_ns: string | null;
  readonly end_ns: string | null;
  readonly seen_ns: string | null;
}

/** Parameter: session ('' for any). Last seen first. */
export const nodeAddresses: Query<NodeAddressRow> = {
  name: 'node-addresses',
  sql: `SELECT session, node_id, max(ray_nodes.ip) AS ip, max(ray_nodes.name) AS name, max(ray_nodes.hostname) AS hostname,
      ifNull(max(ray_nodes.is_head), 0) AS is_head, toString(min(ray_nodes.start_ns)) AS start_ns, toString(min(ray_nodes.end_ns)) AS end_ns,
      toString(max(ray_nodes.seen_ns)) AS seen_ns
    FROM xray.ray_nodes WHERE ({session:String} = '' OR session = {session:String})
    GROUP BY session, node_id ORDER BY max(ray_nodes.seen_ns) DESC LIMIT 20000`,
  row: z.object({
    session: z.string(),
    node_id: z.string(),
    ip: z.string(),
    name: z.string(),
    hostname: z.string(),
    is_head: z.coerce.number().transform((value) => value === 1),
    start_ns: z.string().nullable(),
    end_ns: z.string().nullable(),
    seen_ns: z.string().nullable(),
  }),
};
