/** Large answers as JSON in slices: to stringify 200,000 attempts at once takes half a second in which nobody else is answered. */
import { ownValue } from '../../model/own-value.ts';
import { takeTurns } from '../../sources/http/event-loop-turns.ts';

/** Values (a text counts more, by its length) that are made at once: about a millisecond. */
const WEIGHT = 4_000;
const CHARACTERS_PER_WEIGHT = 64;

/** How much there is to a value; counting stops at `most`. */
function weigh(value: unknown, most: number): number {
  if (typeof value === 'string') return 1 + value.length / CHARACTERS_PER_WEIGHT;
  if (typeof value !== 'object' || value === null) return 1;
  let weight = 1;
  if (Array.isArray(value)) {
    for (const item of value) {
      weight += weigh(item, most - weight);
      if (weight >= most) break;
    }
    return weight;
  }
  // Not `Object.values`: of an object of 100,000 keys that alone takes 80 ms, in one turn, for a count that stops at the first thousands.
  for (const key in value) {
    weight += weigh(ownValue(value as Record<string, unknown>, key), most - weight);
    if (weight >= most) break;
  }
  return weight;
}

/** UTF-8 of what `JSON.stringify` makes of a plain value; resolves at once where it is small. */
export async function jsonInSlices(value: unknown): Promise<Uint8Array<ArrayBuffer>> {
  const turn = takeTurns();
  const pieces: Buffer[] = [];
  let open = '';
  const add = (text: string): void => {
    open += text;
    if (open.length < 65_536) return;
    pieces.push(Buffer.from(open));
    open = '';
  };
  /** Neighbours are made together while they are small together; what is large by itself is made of its parts. */
  async function writeList(list: readonly unknown[]): Promise<void> {
    let before = '[';
    for (let from = 0; from < list.length; ) {
      let to = from;
      for (let left = WEIGHT; to < list.length; to++) {
        const own = weigh(list[to], left);
        if (own >= left) break;
        left -= own;
      }
      add(before);
      before = ',';
      if (to > from) add(JSON.stringify(list.slice(from, to)).slice(1, -1));
      else await write(list[to++]);
      await turn();
      from = to;
    }
    add(before === '[' ? '[]' : ']');
  }
  async function write(one: unknown): Promise<void> {
    if (typeof one !== 'object' || one === null || 'toJSON' in one || weigh(one, WEIGHT) < WEIGHT) {
      add(JSON.stringify(one) ?? 'null');
      return;
    }
    if (Array.isArray(one)) return writeList(one);
    let isFirst = true;
    add('{');
    // Keys alone: pairs of 100,000 keys take four times as long, in one turn.
    for (const key of Object.keys(one)) {
      const item = ownValue(one as Record<string, unknown>, key);
      if (item === undefined) continue;
      add(`${isFirst ? '' : ','}${JSON.stringify(key)}:`);
      isFirst = false;
      await write(item);
      await turn();
    }
    add('}');
  }
  await write(value);
  pieces.push(Buffer.from(open));
  return Buffer.concat(pieces);
}
