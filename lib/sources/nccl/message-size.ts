/**
 * `message_size` of NCCL Inspector's Prometheus mode: "4-5GB", "512-513MB", "0B" (inspector_prom.cc; 1024 units although it
 * says KB, MB, GB). Up to 1023 values per unit, so sizes are put into powers of two on read.
 */

import { ownValue } from '../../model/own-value.ts';
import { type Bytes, bytes } from '../../model/units.ts';

const UNITS: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/** The lower end of the range; null where the text is not one that Inspector writes. */
export function parseMessageSize(text: string): Bytes | null {
  const found = /^(\d+)(?:-\d+)?(B|KB|MB|GB|TB)$/.exec(text.trim());
  const unit = ownValue(UNITS, found?.[2] ?? '');
  return found && unit !== undefined ? bytes(Number(found[1]) * unit) : null;
}

/** Largest power of two that is no more than this size; 0 stays 0. */
export const sizeClass = (size: Bytes): Bytes => bytes(size < 1 ? 0 : 2 ** Math.floor(Math.log2(size)));
