/**
 * Rows of the heat map by name: which node of Ray's a series belongs to, an id that stays the same from answer to
 * answer, and one row where several exporters measured the same thing. Nothing here asks a source.
 *
 *   one raylet per address          10.0.0.1          10.0.0.2
 *   two raylets on one address      10.0.0.1/head     10.0.0.1/worker      (IsHeadNode tells them apart)
 *   three and more                  10.0.0.1:41573    10.0.0.1:40439       (the port of the metrics endpoint does)
 *   a GPU                           10.0.0.1/gpu3     10.0.0.1/gpu3.mig1
 */
import type { HeatmapWire } from '../contract/memory.ts';
import { inSlices } from '../sources/http/event-loop-turns.ts';
import type { GpuLabels } from '../sources/prometheus/memory-metrics.ts';
import type { NodeAddressRow } from '../store/queries/node-addresses.ts';
import { grouped } from './known-clusters.ts';

/** One series as measured; values and capacity in bytes. */
export interface MeasuredRow extends GpuLabels {
  readonly source: string;
  readonly capacity: number | null;
  readonly values: (number | null)[];
}
type Row = HeatmapWire['rows'][number];

type Placed = {
  readonly row: MeasuredRow;
  readonly node: NodeAddressRow | null;
  readonly ip: string | null;
  readonly address: string;
  readonly shared: number;
};

/** Where a series was measured, and the node of Ray's that this is; null where none or several fit. */
function placer(nodes: readonly NodeAddressRow[]): (row: MeasuredRow) => Placed {
  const byAddress = grouped(nodes, (node) => node.ip);
  const byName = new Map<string, NodeAddressRow[]>();
  for (const node of nodes)
    for (const name of new Set([node.name, node.hostname])) {
      const own = byName.get(name);
      if (own) own.push(node);
      else byName.set(name, [node]);
    }
  const places = new Map<string, Omit<Placed, 'row'>>();
  const placeOf = (row: MeasuredRow): Omit<Placed, 'row'> => {
    const there = new Set([
      ...(row.ip === null ? [] : (byAddress.get(row.ip) ?? [])),
      ...(row.host === null ? [] : (byName.get(row.host) ?? [])),
    ]);
    const fits = [...there].filter((node) => row.session === null || node.session === row.session);
    const byRole = row.isHead === null || fits.length < 2 ? fits : fits.filter((node) => node.is_head === row.isHead);
    // Without a session label the address may have served several clusters; the one last seen is first.
    const [first, ...others] = byRole.filter((node) => node.session === byRole[0]?.session);
    const node = first && others.length === 0 ? first : null;
    const ip = row.ip ?? byRole[0]?.ip ?? null;
    return { node, ip, address: ip || row.host || row.instance, shared: byRole.length - 1 };
  };
  return (row) => {
    // GPUs of one host are at one place.
    const key = JSON.stringify([row.ip, row.host, row.instance, row.session, row.isHead]);
    const place = places.get(key) ?? placeOf(row);
    places.set(key, place);
    return { row, ...place };
  };
}

/** Nodes; hosts of node_exporter that Ray measures too are left out. Takes turns of the event loop. */
export async function nameNodeRows(measured: readonly MeasuredRow[], nodes: readonly NodeAddressRow[]): Promise<Row[]> {
  const place = placer(nodes);
  const placed: Placed[] = [];
  await inSlices(measured, (row) => {
    placed.push(place(row));
  });
  const known = new Set<string>();
  for (const { row, address } of placed) {
    if (!row.source.startsWith('ray_')) continue;
    known.add(address);
    if (row.host !== null) known.add(row.host);
  }
  const kept = placed.filter(
    ({ row, address, node }) =>
      row.source.startsWith('ray_') || ![address, row.host, node?.ip].some((name) => name && known.has(name)),
  );
  const counts = new Map<string, number>();
  const keyOf = (address: string, what: string, value: unknown): string => `${address}\n${what}\n${value}`;
  const keysOf = ({ row, address }: Placed) => ({
    all: keyOf(address, 'all', ''),
    role: keyOf(address, 'role', row.isHead),
    target: keyOf(address, 'target', row.instance),
    session: keyOf(address, 'session', row.session),
  });
  for (const one of kept) for (const key of Object.values(keysOf(one))) counts.set(key, (counts.get(key) ?? 0) + 1);
  const rows: Row[] = [];
  await inSlices(kept, (one) => {
    const { row, node, ip, address } = one;
    const keys = keysOf(one);
    const role = row.isHead ? 'head' : 'worker';
    const isAlone = counts.get(keys.all) === 1;
    const id = isAlone
      ? address
      : counts.get(keys.role) === 1
        ? `${address}/${role}`
        : counts.get(keys.target) === 1
          ? row.instance
          : `${row.instance}@${row.session ?? row.source}`;
    const together = counts.get(keys.session) ?? 1;
    rows.push(
      wire(row, {
        id,
        label: node?.name || node?.hostname || (isAlone ? (row.host ?? address) : id),
        nodeIp: ip,
        node,
        gpuIndex: null,
        note:
          together > 1
            ? `${together} raylets share the address ${address}: each measures the memory of the whole machine`
            : null,
      }),
    );
  });
  return rows;
}

/** GPUs; one that several exporters measured is shown once, from the first of them. Takes turns of the event loop. */
export async function nameGpuRows(measured: readonly MeasuredRow[], nodes: readonly NodeAddressRow[]): Promise<Row[]> {
  const place = placer(nodes);
  const rows: Row[] = [];
  const seen = new Set<string>();
  await inSlices(measured, (row) => {
    const { node, ip, address, shared } = place(row);
    const gpu = `gpu${row.index ?? row.uuid ?? '?'}${row.slice === null ? '' : `.mig${row.slice}`}`;
    const id = `${address}/${gpu}`;
    const uuid = row.uuid === null ? null : `${row.uuid}.${row.slice ?? ''}`;
    if (seen.has(id) || (uuid !== null && seen.has(uuid))) return;
    seen.add(id);
    if (uuid !== null) seen.add(uuid);
    rows.push(
      wire(row, {
        id,
        label: `${node?.name || node?.hostname || row.host || address} ${gpu}`,
        nodeIp: ip,
        node,
        gpuIndex: row.index,
        note:
          shared > 0
            ? `${shared + 1} raylets share the address ${address}; the metrics do not say whose GPU this is`
            : null,
      }),
    );
  });
  return rows;
}

function wire(
  row: MeasuredRow,
  named: Pick<Row, 'id' | 'label' | 'nodeIp' | 'gpuIndex' | 'note'> & { readonly node: NodeAddressRow | null },
): Row {
  const { node, ...rest } = named;
  return {
    ...rest,
    cluster: row.cluster,
    session: row.session ?? node?.session ?? null,
    nodeId: node?.node_id ?? null,
    capacityBytes: row.capacity,
    source: row.source,
    usedBytes: row.values,
  };
}
