/**
 * One GPU that several exporters tell of (Ray's agent, dcgm-exporter, device-metrics-exporter) is one thing with several sources.
 *
 *   1. the same UUID and MIG instance
 *   2. the pod: what dcgm-exporter gives to pod P is what Ray's agent inside P sees. A container numbers its GPUs anew, in the order of
 *      the host, so both are paired in their order where they are equally many
 *   3. the size of a MIG instance, where Ray names it by a UUID of its own (mig-pairs.ts)
 *   4. the same place and index, where one of them tells no UUID
 *
 * Where more than one could be meant, nothing is joined.
 */
import { type GpuEvidence, isSameScope, locationOf, type PodName } from './evidence.ts';
import { type GpuOfSource, gpusOfSource, type SeenGpu } from './gpu-things.ts';
import { isMigUuid, migPairs } from './mig-pairs.ts';
import { areAtOnce, type Thing, thingOf } from './sighting.ts';

export interface GpuThing extends Thing<GpuEvidence> {
  readonly uuid: string | null;
  readonly slice: string | null;
  readonly index: number | null;
}

/** What is known besides the labels of the series themselves. */
export interface GpuBridges {
  /** Pods that a GPU was given to, as its exporter told. */
  readonly holders: (gpu: GpuOfSource) => readonly PodName[];
  /** Names of the pod that measured it: Ray's agent sees what its pod was given. */
  readonly ownPods: (gpu: GpuOfSource) => readonly PodName[];
  /** The node of Ray's at its address or host, where exactly one is known. */
  readonly nodeId: (gpu: GpuOfSource) => string | null;
}

/** Of more that bear one UUID, or are at one place, none is chosen. */
const MOST_CANDIDATES = 16;
/** No pod has more GPUs. */
const MOST_OF_POD = 256;

type Joined = { readonly gpus: GpuOfSource[] };

/** Yields null after each step, so that the caller may take turns, and the GPUs. */
export function* gpuThings(sightings: readonly SeenGpu[], bridges: GpuBridges): Generator<GpuThing | null> {
  const bySource = new Map<string, SeenGpu[]>();
  for (const sighting of [...sightings].sort((a, b) => a.rank - b.rank)) {
    const own = bySource.get(sighting.source);
    if (own) own.push(sighting);
    else bySource.set(sighting.source, [sighting]);
    yield null;
  }
  const all: Joined[] = [];
  for (const own of bySource.values()) {
    const gpus: GpuOfSource[] = [];
    for (const gpu of gpusOfSource(own)) {
      if (gpu !== null) gpus.push(gpu);
      yield null;
    }
    if (all.length > 0) yield* join(all, gpus, bridges);
    else for (const gpu of gpus) all.push({ gpus: [gpu] });
  }
  for (const { gpus } of all) {
    const first = gpus[0] as GpuOfSource;
    const reported = gpus.find(({ uuid }) => uuid !== null) ?? first;
    const thing = thingOf(gpus.flatMap(({ parts }) => parts));
    yield { ...thing, uuid: reported.uuid, slice: first.slice, index: thing.evidence.index ?? first.index };
  }
}

/** Adds the GPUs of one more source to what is known, each to the one that it is. */
function* join(all: Joined[], gpus: readonly GpuOfSource[], bridges: GpuBridges): Generator<null> {
  const byUuid = new Map<string, Joined[]>();
  const byLocation = new Map<string, Joined[]>();
  const byPod = new Map<string, Joined[]>();
  const slices = new Map<string, Joined[]>();
  for (const known of all) {
    for (const gpu of known.gpus) {
      if (gpu.uuid !== null) put(byUuid, uuidKey(gpu), known);
      if (gpu.slice !== null && !isMigUuid(gpu.slice)) for (const key of gpuKeys(gpu, bridges)) put(slices, key, known);
      for (const key of locationKeys(gpu, bridges)) put(byLocation, key, known);
      for (const { name } of bridges.holders(gpu)) put(byPod, name, known);
    }
    yield null;
  }
  const left: GpuOfSource[] = [];
  for (const gpu of gpus) {
    const alike = gpu.uuid === null ? [] : (byUuid.get(uuidKey(gpu)) ?? []);
    const found = alike.length > MOST_CANDIDATES ? [] : fitting(alike, gpu);
    const one = found.length < 2 ? found[0] : onlyOne(found.filter((known) => shareLocation(known, gpu, bridges)));
    if (one) one.gpus.push(gpu);
    else left.push(gpu);
    yield null;
  }
  const unpaired = yield* joinByPod(byPod, left, bridges);
  const apart = yield* joinBySize(slices, unpaired, bridges);
  yield* joinByLocation(all, byLocation, apart, bridges);
}

/** MIG instances that are told by UUID, with those of the same GPU that are numbered. Returns all that found none. */
function* joinBySize(
  slices: ReadonlyMap<string, Joined[]>,
  gpus: readonly GpuOfSource[],
  bridges: GpuBridges,
): Generator<null, GpuOfSource[]> {
  const ofGpu = new Map<string, GpuOfSource[]>();
  const unpaired: GpuOfSource[] = [];
  for (const gpu of gpus) {
    yield null;
    const key = isMigUuid(gpu.slice) ? gpuKeys(gpu, bridges).find((one) => slices.has(one)) : undefined;
    if (key === undefined) unpaired.push(gpu);
    else if (ofGpu.has(key)) ofGpu.get(key)?.push(gpu);
    else ofGpu.set(key, [gpu]);
  }
  for (const [key, own] of ofGpu) {
    yield null;
    const known = slices.get(key) ?? [];
    const first = own[0] as GpuOfSource;
    const isMany = own.length > MOST_CANDIDATES || known.length > MOST_CANDIDATES;
    const pairs = isMany ? new Map<GpuOfSource, Joined>() : migPairs(fitting(known, first, true), own);
    for (const gpu of own) {
      const pair = pairs.get(gpu);
      if (pair) pair.gpus.push(gpu);
      else unpaired.push(gpu);
    }
  }
  return unpaired;
}

/** The GPUs of one pod in their order on both sides. Returns those that found none. */
function* joinByPod(
  byPod: ReadonlyMap<string, Joined[]>,
  gpus: readonly GpuOfSource[],
  bridges: GpuBridges,
): Generator<null, GpuOfSource[]> {
  const unpaired: GpuOfSource[] = [];
  const ofPod = new Map<string, { pod: PodName; gpus: GpuOfSource[] }>();
  for (const gpu of gpus) {
    yield null;
    const pod = bridges.ownPods(gpu).find(({ name }) => byPod.has(name));
    // Several raylets of one pod's name (in two clusters, two sessions, on two nodes) are paired apart.
    const evidence = gpu.parts[0]?.evidence;
    const key = pod && evidence && [pod.namespace, pod.name, evidence.session, locationOf(evidence)].join('\n');
    if (!pod || !key) unpaired.push(gpu);
    else if (ofPod.has(key)) ofPod.get(key)?.gpus.push(gpu);
    else ofPod.set(key, { pod, gpus: [gpu] });
  }
  for (const { pod, gpus: own } of ofPod.values()) {
    yield null;
    const first = own[0] as GpuOfSource;
    if ((byPod.get(pod.name)?.length ?? 0) > MOST_OF_POD) {
      for (const gpu of own) unpaired.push(gpu);
      continue;
    }
    const given = fitting([...new Set(byPod.get(pod.name) ?? [])], first, true).filter(
      ({ gpus: known }) =>
        // One that was told by UUID to be another GPU of this source is taken.
        !known.some((gpu) => gpu.rank === first.rank && gpu.uuid !== null) &&
        known.some((gpu) =>
          bridges
            .holders(gpu)
            .some(
              (holder) =>
                holder.name === pod.name &&
                (holder.namespace === null || pod.namespace === null || holder.namespace === pod.namespace),
            ),
        ),
    );
    if (given.length !== own.length) {
      for (const gpu of own) unpaired.push(gpu);
      continue;
    }
    if (own.length > 1 && own.some(({ slice }) => isMigUuid(slice))) {
      const pairs = migPairs(given, own);
      for (const gpu of own) {
        const pair = pairs.get(gpu);
        if (pair) pair.gpus.push(gpu);
        else unpaired.push(gpu);
      }
      continue;
    }
    const known = given.sort((a, b) => byNumber(a.gpus[0], b.gpus[0]));
    for (const [i, gpu] of own.sort(byNumber).entries()) {
      if (known[i]?.gpus.some(({ uuid }) => isOther(uuid, gpu.uuid))) unpaired.push(gpu);
      else known[i]?.gpus.push(gpu);
    }
  }
  return unpaired;
}

const byNumber = (a: GpuOfSource | undefined, b: GpuOfSource | undefined): number =>
  (a?.index ?? 0) - (b?.index ?? 0) || Number(a?.slice ?? 0) - Number(b?.slice ?? 0);

/** The same index at the same place. What finds none, or fits where another fits at once, is a thing of its own. */
function* joinByLocation(
  all: Joined[],
  byLocation: ReadonlyMap<string, Joined[]>,
  gpus: readonly GpuOfSource[],
  bridges: GpuBridges,
): Generator<null> {
  const wanted = new Map<Joined, GpuOfSource[]>();
  for (const gpu of gpus) {
    yield null;
    const lists = locationKeys(gpu, bridges).map((key) => byLocation.get(key) ?? []);
    const isMany = lists.some((list) => list.length > MOST_CANDIDATES);
    const one = isMany ? undefined : onlyOne(fitting([...new Set(lists.flat())], gpu));
    if (!one) all.push({ gpus: [gpu] });
    else if (wanted.has(one)) wanted.get(one)?.push(gpu);
    else wanted.set(one, [gpu]);
  }
  for (const [known, own] of wanted) {
    yield null;
    const isOne = own.length < 2 || !areAtOnce(own.map(({ parts }) => parts));
    for (const gpu of own) {
      if (isOne) known.gpus.push(gpu);
      else all.push({ gpus: [gpu] });
    }
  }
}

const onlyOne = <Item>(items: readonly Item[]): Item | undefined => (items.length === 1 ? items[0] : undefined);

function put(map: Map<string, Joined[]>, key: string, known: Joined): void {
  const there = map.get(key);
  if (!there) map.set(key, [known]);
  else if (there.at(-1) !== known) there.push(known);
}

const uuidKey = ({ uuid, slice }: GpuOfSource): string => `${uuid?.toLowerCase()}\n${slice ?? ''}`;

/** Whether UUIDs say that they are two. That of a MIG instance is never that of its GPU. */
const isOther = (a: string | null, b: string | null): boolean =>
  a !== null && b !== null && isMigUuid(a) === isMigUuid(b) && a.toLowerCase() !== b.toLowerCase();

const locationKeys = (gpu: GpuOfSource, bridges: GpuBridges): string[] =>
  gpuKeys(gpu, bridges).map((key) => `${key}\n${gpu.slice ?? ''}`);

/** Places that it was seen at, with its number there. */
function gpuKeys(gpu: GpuOfSource, bridges: GpuBridges): string[] {
  const locations = new Set<string>();
  for (const { evidence } of gpu.parts.slice(0, 64))
    for (const location of [evidence.host, evidence.ip, evidence.target, locationOf(evidence)])
      if (location) locations.add(location);
  const node = bridges.nodeId(gpu);
  if (node !== null) locations.add(`node ${node}`);
  return [...locations].map((location) => `${location}\n${gpu.index ?? '?'}`);
}

const shareLocation = (known: Joined, gpu: GpuOfSource, bridges: GpuBridges): boolean => {
  const own = new Set(locationKeys(gpu, bridges));
  return known.gpus.some((other) => locationKeys(other, bridges).some((key) => own.has(key)));
};

/** Those of the same cluster, as far as labels tell, that are not told by UUID to be another. */
function fitting(candidates: readonly Joined[], gpu: GpuOfSource, anyUuid = false): Joined[] {
  const own = gpu.parts[0]?.evidence;
  if (own === undefined) return [];
  return candidates.filter(({ gpus }) =>
    gpus.every(
      (known) =>
        known.parts.slice(0, 64).every(({ evidence }) => isSameScope(evidence, own)) &&
        (anyUuid || !isOther(known.uuid, gpu.uuid)),
    ),
  );
}
