/** Identity of an alert: FNV-1a 64 over its sorted labels (prometheus/common model/signature.go). */
import type { LabelSet } from '../../model/series.ts';

const OFFSET = 14695981039346656037n;
const PRIME = 1099511628211n;
const MASK = (1n << 64n) - 1n;
const SEPARATOR = 255;

/** 16 hex digits, as Alertmanager's API shows them. Names sort by bytes, as Go sorts them. */
export function alertFingerprint(labels: LabelSet): string {
  let hash = OFFSET;
  const add = (byte: number) => {
    hash = ((hash ^ BigInt(byte)) * PRIME) & MASK;
  };
  for (const name of Object.keys(labels).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
    for (const byte of Buffer.from(name)) add(byte);
    add(SEPARATOR);
    for (const byte of Buffer.from(labels[name] ?? '')) add(byte);
    add(SEPARATOR);
  }
  return hash.toString(16).padStart(16, '0');
}
