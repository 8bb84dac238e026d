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
import type { GpuLabels } from '../sources/prometheus/memory-metrics.ts';
import type { NodeAddressRow } from '../store/queries/node-addresses.ts';

/** One series as measured; values and capacity in bytes. */
export interface MeasuredRow extends GpuLabels {
  readonly source: string;
  readonly capacity: number | null;
  readonly values: (number | null)[];
}
type Row = HeatmapWire['rows'][number];

/** Where a series was measured, and the node of Ray's that this is; null where none or several fit. */
function place(row: MeasuredRow, nodes: readonly NodeAddressRow[]) {
  const fits = nodes.filter(
    (node) =>
      (row.session === null || node.session === row.session) &&
      ((row.ip !== null && node.ip === row.ip) ||
        (row.host !== null && (node.name === row.host || node.hostname === row.host))),
  );
  const byRole = row.isHead === null || fits.length < 2 ? fits : fits.filter((node) => node.is_head === row.isHead);
  // Without a session label the address may have served several clusters; the one last seen is first.
  const [first, ...others] = byRole.filter((node) => node.session === byRole[0]?.session);
  const node = first && others.length === 0 ? first : null;
  const ip = row.ip ?? byRole[0]?.ip ?? null;
  return { node, ip, address: ip || row.host || row.instance, shared: byRole.length - 1 };
}

/** Nodes; hosts of node_exporter that Ray measures too are left out. */
export function nameNodeRows(measured: readonly MeasuredRow[], nodes: readonly NodeAddressRow[]): Row[] {
  const placed = measured.map((row) => ({ row, ...place(row, nodes) }));
  const ofRay = placed.filter(({ row }) => row.source.startsWith('ray_'));
  const known = new Set(ofRay.flatMap(({ row, address }) => (row.host === null ? [address] : [address, row.host])));
  const kept = placed.filter(
    ({ row, address, node }) =>
      row.source.startsWith('ray_') || ![address, row.host, node?.ip].some((name) => name && known.has(name)),
  );
  return kept.map(({ row, node, ip, address }) => {
    const beside = kept.filter((one) => one.address === address);
    const sameRole = beside.filter((one) => one.row.isHead === row.isHead);
    const sameTarget = beside.filter((one) => one.row.instance === row.instance);
    const role = row.isHead ? 'head' : 'worker';
    const id =
      beside.length === 1
        ? address
        : sameRole.length === 1
          ? `${address}/${role}`
          : sameTarget.length === 1
            ? row.instance
            : `${row.instance}@${row.session ?? row.source}`;
    const together = beside.filter((one) => one.row.session === row.session).length;
    return wire(row, {
      id,
      label: node?.name || node?.hostname || (beside.length === 1 ? (row.host ?? address) : id),
      nodeIp: ip,
      node,
      gpuIndex: null,
      note:
        together > 1
          ? `${together} raylets share the address ${address}: each measures the memory of the whole machine`
          : null,
    });
  });
}

/** GPUs; one that several exporters measured is shown once, from the first of them. */
export function nameGpuRows(measured: readonly MeasuredRow[], nodes: readonly NodeAddressRow[]): Row[] {
  const rows: Row[] = [];
  const seen = new Set<string>();
  for (const row of measured) {
    const { node, ip, address, shared } = place(row, nodes);
    const gpu = `gpu${row.index ?? row.uuid ?? '?'}${row.slice === null ? '' : `.mig${row.slice}`}`;
    const id = `${address}/${gpu}`;
    const uuid = row.uuid === null ? null : `${row.uuid}.${row.slice ?? ''}`;
    if (seen.has(id) || (uuid !== null && seen.has(uuid))) continue;
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
  }
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
