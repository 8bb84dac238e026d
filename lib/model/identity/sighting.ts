/**
 * One series as a sighting of a thing, and how sightings of one thing become one row over time. Two questions are answered by time:
 *
 *   one after the other        A |-----------|                      a label changed, an exporter restarted: may be one thing
 *                              B            |------------|          (they meet in the bin of the change)
 *   at once                    A |-----------------------|          two copies of one thing (HA, time-slicing), or, where
 *                              B |---- ------------------|          what they say contradicts, two things
 */
export interface Sighting<Evidence> {
  readonly evidence: Evidence;
  /** What measured it, e.g. `ray_node_mem_used`. */
  readonly source: string;
  /** Order of preference among sources of one thing; 0 first. */
  readonly rank: number;
  readonly capacity: number | null;
  /** Per bin; null: not measured. */
  readonly values: readonly (number | null)[];
}

/** Bins in which at least one of them was measured. */
export function measuredBins(parts: readonly Pick<Sighting<unknown>, 'values'>[]): Uint8Array {
  const bins = new Uint8Array(parts[0]?.values.length ?? 0);
  for (const { values } of parts) for (let i = 0; i < bins.length; i++) if (values[i] != null) bins[i] = 1;
  return bins;
}

/**
 * Whether groups of sightings were measured at once: in two bins or more, or in the only bin that one of them has. In one bin both ends
 * of a change meet. Each group has bins of its own or ends the search, so that no more groups are looked at than there are bins.
 */
export function areAtOnce(groups: readonly (readonly Pick<Sighting<unknown>, 'values'>[])[]): boolean {
  const before = new Uint8Array(groups[0]?.[0]?.values.length ?? 0);
  for (const group of groups) {
    const bins = measuredBins(group);
    let own = 0;
    let both = 0;
    let earlier = 0;
    for (let i = 0; i < before.length; i++) {
      own += bins[i] ?? 0;
      earlier += before[i] ?? 0;
      both += (bins[i] ?? 0) & (before[i] ?? 0);
    }
    if (both > 0 && both >= Math.min(2, own, earlier)) return true;
    for (let i = 0; i < before.length; i++) before[i] = (before[i] ?? 0) | (bins[i] ?? 0);
  }
  return false;
}

/**
 * Sightings apart by what they say, where they say different things (and, `onlyAtOnce`, do so at once). One that says nothing goes with
 * the others where all of them agree; else those are a group of their own. Yields after each step, so that the caller may take turns.
 */
export function* apart<Part extends Pick<Sighting<unknown>, 'values'>>(
  parts: readonly Part[],
  said: (part: Part) => string | null,
  onlyAtOnce: boolean,
): Generator<null, readonly (readonly Part[])[]> {
  if (parts.length < 2) return [parts];
  const groups = new Map<string | null, Part[]>();
  for (const part of parts) {
    const value = said(part);
    const group = groups.get(value);
    if (group) group.push(part);
    else groups.set(value, [part]);
    yield null;
  }
  const nothing = groups.get(null);
  if (groups.size - (nothing ? 1 : 0) < 2) return [parts];
  const all = [...groups.values()];
  return onlyAtOnce && !areAtOnce(nothing ? all.filter((group) => group !== nothing) : all) ? [parts] : all;
}

/** Copies overlap in half of the shorter one, and not only in the bins of a change. */
const isCopy = (both: number, shorter: number): boolean => both >= 3 && both * 2 >= shorter;

/**
 * Values of one thing out of all its sightings by one source. Copies (HA pairs, time-slicing) give what the most complete one says, its
 * gaps from the others; of what follows one another the bin of the change has the larger value, because a bin holds the maximum.
 */
export function mergedValues(parts: readonly (readonly (number | null)[])[]): readonly (number | null)[] {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const counted = parts.map((values) => ({
    values,
    count: values.reduce<number>((n, one) => n + (one === null ? 0 : 1), 0),
  }));
  counted.sort((a, b) => b.count - a.count);
  const merged: (number | null)[] = [...(counted[0]?.values ?? [])];
  let known = counted[0]?.count ?? 0;
  for (const { values, count } of counted.slice(1)) {
    let both = 0;
    for (let i = 0; i < merged.length; i++) if (merged[i] !== null && values[i] != null) both += 1;
    const copy = isCopy(both, Math.min(count, known));
    for (let i = 0; i < merged.length; i++) {
      const [value, there] = [values[i] ?? null, merged[i] ?? null];
      if (value === null || (there !== null && (copy || there >= value))) continue;
      if (there === null) known += 1;
      merged[i] = value;
    }
  }
  return merged;
}

/** The first list with its gaps filled from the second. */
export function filledGaps(
  first: readonly (number | null)[],
  second: readonly (number | null)[],
): readonly (number | null)[] {
  return first.some((value, i) => value === null && second[i] != null)
    ? first.map((value, i) => value ?? second[i] ?? null)
    : first;
}

/** One thing: everything that was seen of it, the preferred source first. */
export interface Thing<Evidence> {
  readonly parts: readonly Sighting<Evidence>[];
  /** Of the newest part of the preferred source. */
  readonly evidence: Evidence;
  readonly sources: readonly string[];
  readonly capacity: number | null;
  readonly values: readonly (number | null)[];
}

/** Sources in their order: the first one's values, gaps from the next; the capacity of the first that tells one. */
export function thingOf<Evidence>(parts: readonly Sighting<Evidence>[]): Thing<Evidence> {
  const bySource = new Map<string, Sighting<Evidence>[]>();
  for (const part of [...parts].sort((a, b) => a.rank - b.rank)) {
    const own = bySource.get(part.source);
    if (own) own.push(part);
    else bySource.set(part.source, [part]);
  }
  const groups = [...bySource.values()];
  const first = groups[0] ?? [];
  let values = mergedValues(first.map((part) => part.values));
  let capacity: number | null = null;
  for (const [i, group] of groups.entries()) {
    if (i > 0) values = filledGaps(values, mergedValues(group.map((part) => part.values)));
    if (capacity === null)
      for (const part of group) if (part.capacity !== null) capacity = Math.max(capacity ?? 0, part.capacity);
  }
  const newest = first.reduce(
    (best, part) => (lastBin(part) > lastBin(best) ? part : best),
    first[0] as Sighting<Evidence>,
  );
  return { parts, evidence: newest.evidence, sources: [...bySource.keys()], capacity, values };
}

const lastBin = ({ values }: Sighting<unknown>): number => values.findLastIndex((value) => value !== null);
