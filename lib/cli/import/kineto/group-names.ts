/**
 * Process groups as events name them, each kept once for all files of an import: every operation of a group names it anew, and a list of
 * a thousand ranks for each of 100,000 operations is a gigabyte.
 */
import { type Args, wholeNumber } from './trace-event.ts';
import { decodeRanks } from './trace-facts.ts';

export interface NamedGroup {
  readonly name: string;
  readonly description: string;
  readonly ranks: readonly number[] | null;
  readonly size: number | null;
  /** Of this process within the group; null where not told. */
  readonly rank: number | null;
}

/** Ranks of one group, several times those of the largest jobs; and of all lists of an import together. */
const MOST_OF_GROUP = 2 ** 17;
const MOST_RANKS = 2 ** 22;

const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
const listed = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : text(value));

export class GroupNames {
  private readonly groups = new Map<string, NamedGroup | null>();
  private readonly lists = new Map<string, readonly number[] | null>();
  private ranksKept = 0;

  /** Null where the event names no group. The same object for the same group, so that it may be compared and looked up as one. */
  of(args: Args): NamedGroup | null {
    const name = text(args['Process Group Name']);
    const description = text(args['Process Group Description']);
    const size = wholeNumber(args['Group size']);
    const rank = wholeNumber(args.Rank);
    const [start, stride] = [wholeNumber(args['Global rank start']), wholeNumber(args['Global rank stride'])];
    const reported = listed(args['Process Group Ranks']);
    const list = `${reported}\n${start}\n${stride}\n${size}`;
    const key = `${list}\n${rank}\n${description}\n${name}`;
    const known = this.groups.get(key);
    if (known !== undefined) return known;
    const ranks = this.ranksOf(list, reported, start, stride, size);
    const group =
      name === '' && (ranks === null || ranks.length === 0)
        ? null
        : {
            name,
            description: description === 'undefined' ? '' : description,
            ranks: ranks?.length ? ranks : null,
            size,
            rank,
          };
    this.groups.set(key, group);
    return group;
  }

  private ranksOf(
    list: string,
    reported: string,
    start: number | null,
    stride: number | null,
    size: number | null,
  ): readonly number[] | null {
    const known = this.lists.get(list);
    if (known !== undefined) return known;
    const found = decodeRanks(reported) ?? this.strided(start, stride, size);
    const isTooMany = found !== null && this.ranksKept + found.length > MOST_RANKS;
    const ranks = isTooMany ? null : found;
    this.ranksKept += ranks?.length ?? 0;
    this.lists.set(list, ranks);
    return ranks;
  }

  /** Ranks of groups that are told by their first and the distance of the others, as where the list is too long to be written. */
  private strided(start: number | null, stride: number | null, size: number | null): readonly number[] | null {
    if (start === null || stride === null || stride === 0 || size === null || size > MOST_OF_GROUP) return null;
    if (this.ranksKept + size > MOST_RANKS) return null;
    return Array.from({ length: size }, (_, i) => start + i * stride);
  }
}
