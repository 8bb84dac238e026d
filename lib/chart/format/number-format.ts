/** Numbers as text with their unit. A dash where nothing is known. */

export const UNKNOWN = '–';

/** Nanoseconds (decimal text) as the two largest units that matter: `1.42 s`, `3 min 05 s`, `2 h 10 min`. */
export function formatDuration(ns: string | null): string {
  if (ns === null) return UNKNOWN;
  const ms = Number(ns) / 1e6;
  if (ms < 1) return `${(ms * 1000).toFixed(0)} µs`;
  if (ms < 1000) return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
  return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')} min`;
}

/** Unix ns (decimal text) as date and time, UTC: `2026-11-23 20:37:24`. */
export function formatTimestamp(ns: string | null): string {
  if (ns === null) return UNKNOWN;
  return new Date(Number(BigInt(ns) / 1_000_000n)).toISOString().slice(0, 19).replace('T', ' ');
}

/** Bytes in binary units, three significant digits: `484 GiB`, `1.25 MiB`, `0 B`. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return UNKNOWN;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toPrecision(3))} ${units[unit]}`;
}

/** A share 0..1 as percent: `0.4 %`, `97 %`. */
export function formatShare(share: number | null): string {
  if (share === null) return UNKNOWN;
  const percent = 100 * share;
  return `${percent !== 0 && Math.abs(percent) < 10 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

/** `1 node`, `2,000 nodes` */
export const counted = (count: number, one: string, many: string): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;

/** A count with thousands separated. */
export const formatCount = (count: number | null): string => (count === null ? UNKNOWN : count.toLocaleString('en-US'));

/** GB/s (1e9 B/s, as nccl-tests counts). */
export const formatGigabytesPerSecond = (gigabytes: number | null): string =>
  gigabytes === null ? UNKNOWN : `${Number(gigabytes.toPrecision(3))} GB/s`;
