/** Large answers as JSON in slices: to stringify 200,000 attempts at once takes half a second in which nobody else is answered. */
import { takeTurns } from '../../store/event-loop-turns.ts';

/** Elements of an array that are made at once. */
const SLICE = 500;

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
  async function write(one: unknown): Promise<void> {
    if (Array.isArray(one) && one.length > SLICE) {
      for (let from = 0; from < one.length; from += SLICE) {
        add(from === 0 ? '[' : ',');
        add(JSON.stringify(one.slice(from, from + SLICE)).slice(1, -1));
        await turn();
      }
      add(']');
      return;
    }
    if (typeof one !== 'object' || one === null || Array.isArray(one) || 'toJSON' in one) {
      add(JSON.stringify(one));
      return;
    }
    let isFirst = true;
    add('{');
    for (const [key, item] of Object.entries(one)) {
      if (item === undefined) continue;
      add(`${isFirst ? '' : ','}${JSON.stringify(key)}:`);
      isFirst = false;
      await write(item);
    }
    add('}');
  }
  await write(value);
  pieces.push(Buffer.from(open));
  return Buffer.concat(pieces);
}
