/** Filters and keys of the timeline's routes as parameters of its queries. */

/** The last moment that the store can hold, ns. */
export const FOREVER = 9_223_372_036_854_775_807n;

export interface SliceFilter {
  readonly function?: string | undefined;
  readonly state?: 'FINISHED' | 'FAILED' | undefined;
  readonly longer?: string | undefined;
  readonly shorter?: string | undefined;
  readonly text?: string | undefined;
  readonly node?: string | undefined;
  readonly actor?: string | undefined;
}

export const filterOf = (query: SliceFilter) => ({
  function: query.function ?? '',
  outcome: query.state === undefined ? -1 : query.state === 'FAILED' ? 1 : 0,
  longer: query.longer ?? '-9223372036854775807',
  shorter: query.shorter ?? FOREVER.toString(),
  text: query.text ?? '',
  onNode: query.node === undefined ? 0n : hashOf(query.node),
  actor: query.actor ?? '',
});
/** True where nothing is filtered. */
export const isPlain = (query: SliceFilter): boolean =>
  [query.function, query.state, query.longer, query.shorter, query.text, query.node, query.actor].every(
    (value) => value === undefined || value === '',
  );

/** Nodes and lanes in the API: 16 hexadecimal digits. */
export const keyOf = (hash: bigint): string => hash.toString(16).padStart(16, '0');
export const hashOf = (key: string): bigint => BigInt(`0x${key}`);
