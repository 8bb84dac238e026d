/** Which span of a trace is the parent of which, by id, without an object per span. */
import { ORPHAN, ROOT } from '../model/trace-columns.ts';

/** Ids come from outside: who knew the hash could send a trace of ids that all meet in one slot. */
const [KEY_A, KEY_B] = [Math.floor(Math.random() * 2 ** 32) | 1, Math.floor(Math.random() * 2 ** 32) | 0];

/**
 * Place of each span's parent: ROOT where `parentId` is 0 or the span's own, ORPHAN where no span has that id. Of several
 * spans with one id the first is meant. A hash table with open addressing over the halves of the ids: O(n).
 */
export function parentIndexes(id: BigUint64Array, parentId: BigUint64Array): Int32Array {
  const count = id.length;
  const own = new Uint32Array(id.buffer, id.byteOffset, count * 2);
  const above = new Uint32Array(parentId.buffer, parentId.byteOffset, count * 2);
  let size = 16;
  while (size < count * 2) size *= 2;
  const mask = size - 1;
  const table = new Int32Array(size).fill(-1);
  const slotOf = (low: number, high: number): number => {
    let mixed = Math.imul(low ^ KEY_B, KEY_A);
    mixed = Math.imul((mixed ^ (mixed >>> 15)) + high, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13) ^ KEY_A, 0xc2b2ae35);
    let slot = (mixed ^ (mixed >>> 16)) & mask;
    for (;;) {
      const index = table[slot] ?? -1;
      if (index === -1 || (own[index * 2] === low && own[index * 2 + 1] === high)) return slot;
      slot = (slot + 1) & mask;
    }
  };
  for (let i = 0; i < count; i++) {
    const slot = slotOf(own[i * 2] ?? 0, own[i * 2 + 1] ?? 0);
    if (table[slot] === -1) table[slot] = i;
  }
  const indexes = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const [low, high] = [above[i * 2] ?? 0, above[i * 2 + 1] ?? 0];
    if (low === 0 && high === 0) indexes[i] = ROOT;
    else {
      const index = table[slotOf(low, high)] ?? -1;
      indexes[i] = index === i ? ROOT : index === -1 ? ORPHAN : index;
    }
  }
  return indexes;
}
