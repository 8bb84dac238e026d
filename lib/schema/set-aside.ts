/**
 * What of an outside list could not be read. Lists are read item by item, so that one bad item costs itself alone; which one that
 * was, and why, is kept for the reader: every item is counted, the first few are named.
 */

export interface SetAside {
  readonly count: number;
  /** The first, in their order. */
  readonly first: readonly { readonly where: string; readonly reason: string }[];
}

const NAMED = 3;

export interface SetAsideCounter extends SetAside {
  /** `where`: the position, as in `rule 3 of group "mds"`; `reason`: what is wrong, as in `its name is not text`. */
  readonly add: (where: () => string, reason: string) => void;
}

export function createSetAside(): SetAsideCounter {
  const first: { where: string; reason: string }[] = [];
  let count = 0;
  return {
    get count() {
      return count;
    },
    first,
    add(where, reason) {
      count += 1;
      if (first.length < NAMED) first.push({ where: where(), reason });
    },
  };
}

/** `1 item of the rules could not be read in full: alert 2 of rule "Hot" (its labels are not an object)`; null where nothing was. */
export function setAsideSentence(whole: string, { count, first }: SetAside): string | null {
  if (count === 0) return null;
  const named = first.map(({ where, reason }) => `${where} (${reason})`).join(', ');
  const more = count > first.length ? `, and ${(count - first.length).toLocaleString('en-US')} more` : '';
  return `${count.toLocaleString('en-US')} ${count === 1 ? 'item' : 'items'} of ${whole} could not be read in full: ${named}${more}`;
}
