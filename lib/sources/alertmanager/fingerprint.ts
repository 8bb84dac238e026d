/** Identity of an alert: FNV-1a 64 over its sorted labels (prometheus/common model/signature.go). */

import { ownValue } from '../../model/own-value.ts';
import type { LabelSet } from '../../model/series.ts';

/** 14695981039346656037 in two halves; the prime is 2^40 + 0x1b3. */
const [OFFSET_HIGH, OFFSET_LOW] = [0xcbf29ce4, 0x84222325];
const PRIME_LOW = 0x1b3;
const SEPARATOR = 255;

/** 16 hex digits, as Alertmanager's API shows them. Names sort by bytes, as Go sorts them. */
export function alertFingerprint(labels: LabelSet): string {
  let [high, low] = [OFFSET_HIGH, OFFSET_LOW];
  // In halves of 32 bits: a BigInt per byte takes a second for some thousand alerts.
  const add = (byte: number): void => {
    const xored = (low ^ byte) >>> 0;
    const product = xored * PRIME_LOW;
    high = (high * PRIME_LOW + Math.floor(product / 2 ** 32) + xored * 2 ** 8) % 2 ** 32;
    low = product % 2 ** 32;
  };
  const names = Object.keys(labels).map((name) => ({ name, bytes: Buffer.from(name) }));
  for (const { name, bytes } of names.sort((a, b) => Buffer.compare(a.bytes, b.bytes))) {
    for (const byte of bytes) add(byte);
    add(SEPARATOR);
    for (const byte of Buffer.from(ownValue(labels, name) ?? '')) add(byte);
    add(SEPARATOR);
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}
