/**
 * Which series of one exporter are of one GPU, or of one MIG instance of it.
 *
 *   UUID + node where both are real      labels of pods, the exporter's address and its pod may change; time-slicing copies are one
 *   else host and index                  a UUID that several GPUs of one exporter bear at once (all zeros, a vendor's constant) is none
 *   else address and index               and the clusters' names, and Ray's session where two are there at once
 *
 * What several exporters tell of one GPU is joined by same-gpu.ts.
 */
import { type GpuEvidence, locationOf } from './evidence.ts';
import { byScope } from './node-things.ts';
import { apart, areAtOnce, type Sighting } from './sighting.ts';

export type SeenGpu = Sighting<GpuEvidence>;

/** All sightings of one GPU by one source. */
export interface GpuOfSource {
  readonly parts: readonly SeenGpu[];
  readonly rank: number;
  readonly uuid: string | null;
  readonly slice: string | null;
  readonly index: number | null;
}

const lower = (uuid: string): string => uuid.toLowerCase();

/** `gpu-1` and `gpu-1.example.org` are one host where the GPU is the same. */
const shortName = (host: string): string =>
  (/^[\d.]+$/.test(host) ? host : (host.split('.', 1)[0] ?? host)).toLowerCase();

/** `sightings` of one source. Yields null after each step, so that the caller may take turns, and the GPUs. */
export function* gpusOfSource(sightings: readonly SeenGpu[]): Generator<GpuOfSource | null> {
  const noIdentity = yield* sharedUuids(sightings);
  const uuidOf = ({ evidence: { uuid } }: SeenGpu): string | null =>
    uuid === null || noIdentity.has(lower(uuid)) ? null : uuid;
  const hostOfAddress = new Only<string>();
  const hostOfUuid = new Only<string>();
  for (const sighting of sightings) {
    const { evidence } = sighting;
    if (evidence.host === null) continue;
    const uuid = uuidOf(sighting);
    if (uuid !== null) hostOfUuid.add(lower(uuid), evidence.host);
    const address = evidence.ip ?? evidence.target;
    if (address !== null) hostOfAddress.add(address, evidence.host);
    yield null;
  }
  const groups = new Map<string, { uuid: string | null; named: boolean; parts: SeenGpu[] }>();
  for (const sighting of sightings) {
    const { evidence } = sighting;
    const uuid = uuidOf(sighting);
    const address = evidence.ip ?? evidence.target;
    const host =
      evidence.host ??
      (uuid === null ? null : hostOfUuid.get(lower(uuid))) ??
      (address === null ? null : hostOfAddress.get(address));
    const location = host ?? locationOf(evidence);
    const key =
      uuid === null
        ? `place\n${location}\n${evidence.index ?? '?'}\n${evidence.slice ?? ''}`
        : `uuid\n${lower(uuid)}\n${host === null ? '' : shortName(host)}\n${evidence.slice ?? ''}`;
    const group = groups.get(key);
    if (group) group.parts.push(sighting);
    else groups.set(key, { uuid, named: host !== null, parts: [sighting] });
    yield null;
  }
  const found: GpuOfSource[] = [];
  const nameless: { place: string; gpu: GpuOfSource }[] = [];
  const named = new Map<string, GpuOfSource[]>();
  for (const { uuid, named: isNamed, parts } of groups.values()) {
    const inScope = uuid !== null ? [parts] : yield* byScope(parts, isNamed);
    for (const scoped of inScope)
      for (const own of uuid !== null ? [scoped] : yield* apart(scoped, ({ evidence }) => evidence.session, true)) {
        const { slice, index } = own[0]?.evidence ?? { slice: null, index: null };
        const gpu: GpuOfSource = { parts: own, rank: own[0]?.rank ?? 0, uuid, slice, index };
        if (uuid === null) nameless.push({ place: locationKey(own[0] as SeenGpu), gpu });
        else {
          found.push(gpu);
          for (const key of new Set(own.map(locationKey))) {
            const there = named.get(key);
            if (there) there.push(gpu);
            else named.set(key, [gpu]);
          }
        }
        yield null;
      }
  }
  // A GPU whose UUID was not always told is the only one that was ever told at its place.
  const joined = new Map<GpuOfSource, SeenGpu[]>();
  for (const { place, gpu } of nameless) {
    const there = named.get(place);
    const only = there?.length === 1 ? there[0] : undefined;
    if (only === undefined || (yield* byScope([...only.parts, ...gpu.parts], false)).length > 1) {
      found.push(gpu);
      continue;
    }
    const more = joined.get(only) ?? [];
    joined.set(only, more);
    for (const part of gpu.parts) more.push(part);
    yield null;
  }
  for (const gpu of found) {
    const more = joined.get(gpu);
    yield more ? { ...gpu, parts: [...gpu.parts, ...more] } : gpu;
  }
}

const locationKey = ({ evidence }: SeenGpu): string =>
  `${locationOf(evidence)}\n${evidence.index ?? '?'}\n${evidence.slice ?? ''}`;

/** UUIDs that one scrape target gives to several indexes at once. */
function* sharedUuids(sightings: readonly SeenGpu[]): Generator<null, ReadonlySet<string>> {
  const byTarget = new Map<string, Map<number, SeenGpu[]>>();
  for (const sighting of sightings) {
    const { uuid, index, slice, instance } = sighting.evidence;
    yield null;
    if (uuid === null || index === null) continue;
    const key = `${lower(uuid)}\n${instance}\n${locationOf(sighting.evidence)}\n${slice ?? ''}`;
    const indexes = byTarget.get(key) ?? new Map<number, SeenGpu[]>();
    byTarget.set(key, indexes);
    const own = indexes.get(index);
    if (own) own.push(sighting);
    else indexes.set(index, [sighting]);
  }
  const shared = new Set<string>();
  for (const [key, indexes] of byTarget) {
    const uuid = key.slice(0, key.indexOf('\n'));
    if (indexes.size > 1 && !shared.has(uuid) && areAtOnce([...indexes.values()])) shared.add(uuid);
    yield null;
  }
  return shared;
}

/** The one value that a key was ever given; null where there were several, or none. */
class Only<Value> {
  readonly #values = new Map<string, Value | null>();
  add(key: string, value: Value): void {
    const known = this.#values.get(key);
    this.#values.set(key, known === undefined || known === value ? value : null);
  }
  get(key: string): Value | null {
    return this.#values.get(key) ?? null;
  }
}
