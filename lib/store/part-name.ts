/**
 * Names of a MergeTree's parts: `<partition>_<first block>_<last block>_<level>[_<mutation>]`. A merge makes one part of a range
 * of blocks, so a part covers another where its range holds the other's.
 *
 *   all_1_1_0 |--|          all_1_4_1 |-----------|  covers the three
 *   all_2_3_1    |-----|
 *   all_4_4_0          |--|
 */
export interface PartName {
  readonly partition: string;
  readonly first: number;
  readonly last: number;
  readonly level: number;
  /** Without the prefix and suffix of a detached part. */
  readonly name: string;
}

/** What ClickHouse puts before the name of a part that it sets aside (MergeTreeDataPart, DetachedPartInfo). */
const ASIDE =
  /^(?:broken-on-start|broken-from-backup|broken|covered-by-broken|unexpected|ignored|noquorum|clone|attaching|deleting|tmp-fetch|merge-not-byte-identical|mutate-not-byte-identical)_/;

/** Also of detached parts: `broken-on-start_all_1_1_0_try2`. Null where it is no name of a part. */
export function parsePartName(text: string): PartName | null {
  const found = /^(([^_]+)_(\d+)_(\d+)_(\d+)(?:_\d+)?)(?:_try\d+)?$/.exec(text.replace(ASIDE, ''));
  if (!found) return null;
  const [, name = '', partition = '', first, last, level] = found;
  return { name, partition, first: Number(first), last: Number(last), level: Number(level) };
}

export const covers = (whole: PartName, part: PartName): boolean =>
  whole.partition === part.partition && whole.first <= part.first && whole.last >= part.last;

/** The day of a partition by day (`20261130`), Unix seconds of its begin and end; null for others. */
export function partitionDay(partition: string): { readonly from: number; readonly to: number } | null {
  const found = /^(\d{4})(\d{2})(\d{2})$/.exec(partition);
  if (!found) return null;
  const from = Date.UTC(Number(found[1]), Number(found[2]) - 1, Number(found[3])) / 1000;
  return { from, to: from + 86_399 };
}
