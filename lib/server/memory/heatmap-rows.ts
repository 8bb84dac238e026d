/**
 * Rows of the heat map by name: which node of Ray's a thing belongs to, and an id that is unique and stays the same from answer to
 * answer. Which series are of one thing says lib/model/identity. Nothing here asks a source.
 *
 *   one raylet per address          10.0.0.1          10.0.0.2
 *   two raylets on one address      10.0.0.1/head     10.0.0.1/worker      (IsHeadNode tells them apart)
 *   three and more                  10.0.0.1:41573    10.0.0.1:40439       (the port of the metrics endpoint does)
 *   a GPU                           10.0.0.1/gpu3     10.0.0.1/gpu3.mig1
 *   two of one name                 n1/gpu0@GPU-5ca1  n1/gpu0@GPU-ab1e     (the UUID, else cluster, session or endpoint do)
 */
import type { HeatmapWire } from '../../contract/memory.ts';
import type { NodeEvidence, PodName } from '../../model/identity/evidence.ts';
import type { GpuOfSource } from '../../model/identity/gpu-things.ts';
import { isMigUuid } from '../../model/identity/mig-pairs.ts';
import { type NodeThing, nodeThings } from '../../model/identity/node-things.ts';
import { type GpuThing, gpuThings } from '../../model/identity/same-gpu.ts';
import { areAtOnce, type Thing } from '../../model/identity/sighting.ts';
import { inSlices } from '../../sources/http/event-loop-turns.ts';
import { isRayFamily } from '../../sources/prometheus/memory-metrics.ts';
import type { NodeAddressRow } from '../../store/queries/node-addresses.ts';
import { grouped } from '../clusters/known-clusters.ts';
import { createNodeLocations, type Location } from '../nodes/node-locations.ts';
import type { MemorySighting } from './measure-memory.ts';

type Row = HeatmapWire['rows'][number];
export interface NamedRow {
  readonly row: Row;
  /** Every session that any part of it was measured in; empty where none is told. */
  readonly sessions: ReadonlySet<string>;
}

const isRaylet = ({ source }: { readonly source: string }): boolean => isRayFamily(source);

/** Nodes; hosts of node_exporter that Ray measures too are left out. Takes turns of the event loop. */
export async function nameNodeRows(
  sightings: readonly MemorySighting[],
  nodes: readonly NodeAddressRow[],
): Promise<NamedRow[]> {
  const locations = createNodeLocations(nodes);
  const things: { readonly thing: NodeThing; readonly place: Location }[] = [];
  await inSlices(nodeThings(sightings, isRaylet, locations.atOnce), (thing) => {
    if (thing !== null) things.push({ thing, place: locations.placeOf(thing.evidence) });
  });
  const known = new Set<string>();
  for (const { thing, place } of things) {
    if (!thing.isRaylet) continue;
    known.add(place.address);
    if (place.host !== null) known.add(place.host);
  }
  const kept = things.filter(
    ({ thing, place }) =>
      thing.isRaylet || ![place.address, place.host, place.node?.ip].some((name) => name && known.has(name)),
  );
  const ids = await uniqueIds(kept, ({ thing, place }) => namesOfNode(thing, place.address));
  const notes = await addressNotes(kept, locations.atOnce);
  const rows: NamedRow[] = [];
  let i = 0;
  await inSlices(kept, ({ thing, place }) => {
    const id = ids[i] ?? '';
    const { node, host, ip, address } = place;
    rows.push(
      named(thing, {
        id,
        label: node?.name || node?.hostname || (id === address ? (host ?? address) : id),
        nodeIp: ip,
        node,
        gpuIndex: null,
        note: notes[i] ?? null,
      }),
    );
    i += 1;
  });
  return rows;
}

/** From the shortest name that may tell it apart to the longest. */
const namesOfNode = ({ evidence, sources }: NodeThing, address: string): string[] => {
  const { isHead, instance, session, cluster } = evidence;
  return [
    address,
    ...(isHead === null ? [] : [`${address}/${isHead ? 'head' : 'worker'}`]),
    ...(instance === '' ? [] : [instance]),
    `${instance || address}@${session ?? cluster ?? sources[0]}`,
    `${instance || address}@${session ?? sources[0]}@${cluster}`,
  ];
};

/** For each thing the first of its names that no other thing has; where there is none, the last with a number. */
async function uniqueIds<Item>(items: readonly Item[], namesOf: (item: Item) => readonly string[]): Promise<string[]> {
  const counts = new Map<string, number>();
  const names: (readonly string[])[] = [];
  await inSlices(items, (item) => {
    const own = namesOf(item);
    names.push(own);
    for (const name of new Set(own)) counts.set(name, (counts.get(name) ?? 0) + 1);
  });
  const numbers = new Map<string, number>();
  const ids: string[] = [];
  await inSlices(names, (own) => {
    const unique = own.find((name) => counts.get(name) === 1);
    const last = own.at(-1) ?? '';
    const number = (numbers.get(last) ?? 0) + 1;
    if (unique === undefined) numbers.set(last, number);
    ids.push(unique ?? `${last}#${number}`);
  });
  return ids;
}

/** Raylets at one address that are compared in time with each other. */
const MOST_COMPARED = 64;

/** What is to be said of raylets that report from one address at once. That they are several is said where something shows it. */
async function addressNotes(
  things: readonly { readonly thing: NodeThing; readonly place: Location }[],
  raylets: (evidence: NodeEvidence) => number,
): Promise<(string | null)[]> {
  const notes = new Map<NodeThing, string>();
  const bySession = grouped(
    things.filter(({ thing }) => thing.isRaylet),
    ({ thing, place }) => `${place.address}\n${thing.evidence.session ?? ''}`,
  );
  await inSlices(bySession.values(), (sharing) => {
    const [first] = sharing;
    if (first === undefined || sharing.length < 2) return;
    const atOnce = sharing.length > MOST_COMPARED ? sharing : together(sharing);
    if (atOnce.length < 2) return;
    const roles = new Set(atOnce.map(({ thing }) => thing.evidence.isHead));
    const ids = new Set(atOnce.flatMap(({ thing }) => thing.evidence.nodeId ?? []));
    const shown = roles.has(true) && roles.has(false) ? 2 : 0;
    const checked = Math.max(shown, ids.size, raylets(first.thing.evidence)) >= atOnce.length;
    const { address } = first.place;
    for (const { thing } of atOnce)
      notes.set(
        thing,
        checked
          ? `${atOnce.length} raylets share the address ${address}: each measures the memory of the whole machine`
          : `${atOnce.length} metrics endpoints report from the address ${address} at once: raylets that share it, or one that is scraped more than once`,
      );
  });
  return things.map(({ thing }) => notes.get(thing) ?? null);
}

/** Those that were measured at once with another. */
const together = <Item extends { readonly thing: Thing<unknown> }>(items: readonly Item[]): readonly Item[] =>
  items.filter((one) => items.some((other) => other !== one && areAtOnce([[one.thing], [other.thing]])));

/** GPUs; one that several exporters measured is one row with several sources. Takes turns of the event loop. */
export async function nameGpuRows(
  sightings: readonly MemorySighting[],
  holders: ReadonlyMap<string, readonly PodName[]>,
  nodes: readonly NodeAddressRow[],
): Promise<NamedRow[]> {
  const locations = createNodeLocations(nodes);
  const things: GpuThing[] = [];
  const keyOf = new Map<unknown, string>();
  await inSlices(sightings, ({ evidence, key }) => keyOf.set(evidence, key));
  const evidenceOf = ({ parts }: GpuOfSource) => parts.map(({ evidence }) => evidence);
  const once = <Value>(make: (gpu: GpuOfSource) => Value): ((gpu: GpuOfSource) => Value) => {
    const made = new WeakMap<GpuOfSource, { readonly value: Value }>();
    return (gpu) => {
      const known = made.get(gpu) ?? { value: make(gpu) };
      made.set(gpu, known);
      return known.value;
    };
  };
  const bridges = {
    holders: once((gpu) => evidenceOf(gpu).flatMap((evidence) => holders.get(keyOf.get(evidence) ?? '') ?? [])),
    ownPods: once((gpu): PodName[] => {
      const [evidence] = evidenceOf(gpu);
      if (evidence === undefined || !isRaylet(gpu.parts[0] ?? { source: '' })) return [];
      const { node } = locations.placeOf(evidence);
      const namesakes = [node?.hostname, node?.name].filter((name) => name !== undefined && name !== '');
      return [
        ...(evidence.pod ? [evidence.pod] : []),
        ...namesakes.map((name) => ({ name: String(name), namespace: null })),
      ];
    }),
    nodeId: once((gpu) => {
      const ids = new Set(evidenceOf(gpu).map((evidence) => locations.placeOf(evidence).node?.node_id ?? ''));
      const [only] = ids;
      return ids.size === 1 && only ? only : null;
    }),
  };
  await inSlices(gpuThings(sightings, bridges), (thing) => {
    if (thing !== null) things.push(thing);
  });
  const drafts: { readonly thing: GpuThing; readonly place: Location; readonly gpu: string }[] = [];
  await inSlices(things, (thing) => {
    const slice = thing.slice === null ? '' : `.mig${thing.slice.replace(/^MIG-/, '')}`;
    const gpu = `gpu${thing.index ?? thing.uuid ?? '?'}${slice}`;
    drafts.push({ thing, place: locationOfThing(thing, locations.placeOf), gpu });
  });
  const ids = await uniqueIds(drafts, ({ thing: { uuid, evidence, parts }, place: { address }, gpu }) => {
    const id = `${address}/${gpu}`;
    const session = parts.find((part) => part.evidence.session !== null)?.evidence.session ?? null;
    const { cluster, instance } = evidence;
    const marks = [uuid, cluster, session, instance, [uuid, cluster, session, instance].join('@')];
    return [id, ...marks.flatMap((mark) => (mark ? [`${id}@${mark}`] : []))];
  });
  const numbered = new Set<string>();
  for (const { thing, place } of drafts)
    if (thing.slice !== null && !isMigUuid(thing.slice)) numbered.add(`${place.address}\n${thing.index}`);
  const rows: NamedRow[] = [];
  await inSlices(drafts.entries(), ([i, { thing, place, gpu }]) => {
    const id = ids[i] ?? '';
    const { node, host, address, shared } = place;
    const mark = id.slice(`${address}/${gpu}`.length);
    const row = named(thing, {
      id,
      label: `${node?.name || node?.hostname || host || address} ${gpu}${mark === '' ? '' : ` (${mark.replace(/^[@#]/, '')})`}`,
      nodeIp: place.ip,
      node,
      gpuIndex: thing.index,
      note:
        isMigUuid(thing.slice) && numbered.has(`${address}\n${thing.index}`)
          ? 'Ray names this MIG instance by UUID, dcgm-exporter by number: which is which is not told, so it may be shown twice'
          : shared > 0
            ? `${shared + 1} raylets share the address ${address}; the metrics do not say whose GPU this is`
            : null,
    });
    rows.push(row);
  });
  return rows;
}

/** Where a GPU is: what the preferred source says, completed from the others (Ray's names the address and the node). */
function locationOfThing(thing: GpuThing, locationOf: (evidence: NodeEvidence) => Location): Location {
  const own = locationOf(thing.evidence);
  if (thing.sources.length < 2) return own;
  const others = thing.parts.filter(({ source }) => source !== thing.sources[0]).reverse();
  const named = others.find(({ evidence }) => evidence.ip !== null);
  const known = own.node ? undefined : others.find(({ evidence }) => locationOf(evidence).node !== null);
  return {
    ...own,
    ip: thing.evidence.ip ?? named?.evidence.ip ?? own.ip,
    node: own.node ?? (known ? locationOf(known.evidence).node : null),
  };
}

function named(
  { evidence, capacity, values, sources, parts }: Thing<NodeEvidence>,
  {
    node,
    ...rest
  }: Pick<Row, 'id' | 'label' | 'nodeIp' | 'gpuIndex' | 'note'> & { readonly node: NodeAddressRow | null },
): NamedRow {
  const sessions = new Set(parts.flatMap((part) => part.evidence.session ?? []));
  const cluster = evidence.cluster ?? parts.find((part) => part.evidence.cluster !== null)?.evidence.cluster ?? null;
  return {
    sessions,
    row: {
      ...rest,
      cluster,
      session: evidence.session ?? [...sessions].at(-1) ?? node?.session ?? null,
      nodeId: node?.node_id ?? null,
      capacityBytes: capacity,
      source: sources[0] ?? '',
      sources: [...sources],
      usedBytes: [...values],
    },
  };
}
