/**
 * Values that stand where an identity should, and are none: exporters write them for what a driver, a hypervisor or a container does
 * not tell. A placeholder is never compared: two things that bear the same one are not the same thing for it.
 */
const NOTHING = new Set([
  '',
  '-',
  'n/a',
  'na',
  'nan',
  '[n/a]',
  'none',
  '(none)',
  '<none>',
  'null',
  '<nil>',
  'nil',
  '<no value>',
  'unknown',
  '[unknown]',
  'undefined',
  'not available',
  'not supported',
  '[not supported]',
  'err!',
  'unset',
]);
const LOOPBACK = new Set([
  'localhost',
  'localhost.localdomain',
  'localhost4',
  'localhost6',
  'ip6-localhost',
  'ip6-loopback',
]);

/** A text that says something, trimmed; else null. */
export function realText(text: string | null | undefined): string | null {
  const trimmed = text?.trim() ?? '';
  return NOTHING.has(trimmed.toLowerCase()) ? null : trimmed;
}

/** A UUID of eight digits or more that are all one (00000000-..., ffffffff-...) names nothing, with or without `GPU-` before it. */
export function realUuid(text: string | null | undefined): string | null {
  const real = realText(text);
  if (real === null) return null;
  const digits = real
    .replace(/^(?:GPU|MIG|gpu|mig)-/, '')
    .replace(/^0x/i, '')
    .replaceAll('-', '')
    .toLowerCase();
  return digits === '' || (digits.length >= 8 && [...digits].every((digit) => digit === digits[0])) ? null : real;
}

/** An address or host name that is the same on every machine names none of them. */
export function realHost(text: string | null | undefined): string | null {
  const real = realText(text);
  if (real === null) return null;
  const name = real.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return LOOPBACK.has(name) || /^127\.\d+\.\d+\.\d+$/.test(name) || name === '0.0.0.0' || /^(?:0*:)+0*1?$/.test(name)
    ? null
    : real;
}

/** What drivers write for "no index": 2^32 - 1 and 2^16 - 1. */
const NO_INDEX = new Set([4_294_967_295, 65_535]);

/** A whole number from 0 on; null for anything else. */
export function realIndex(text: string | null | undefined): number | null {
  const real = realText(text);
  if (real === null || !/^\d{1,10}$/.test(real)) return null;
  const index = Number(real);
  return NO_INDEX.has(index) ? null : index;
}

/** Kubernetes' alphabet of generated names (apimachinery util/rand): `dcgm-exporter-78z52` is a pod, no node. */
const EXPORTER_POD = /exporter(?:-[a-z0-9]+)*-[bcdfghjklmnpqrstvwxz2456789]{5}$/;

/** Whether a host name is that of an exporter's pod: dcgm-exporter says so where NODE_NAME is not set. It changes with a restart. */
export const isExporterPod = (host: string): boolean => EXPORTER_POD.test(host);
