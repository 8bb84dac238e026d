/** Ticks of a time axis in ns: steps are 1, 2, 5 x 10^k below a minute, then minutes, hours and days people count in. */
export interface TimeTick {
  /** Offset in ns, same origin as the range. */
  readonly at: number;
  readonly label: string;
}

const SECOND = 1e9;
const LONG_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 604800,
].map((seconds) => seconds * SECOND);

/** Smallest step in ns that leaves at most `most` ticks in `span` ns. */
export function tickStep(span: number, most: number): number {
  const wanted = span / Math.max(1, most);
  if (wanted > SECOND / 2) {
    const found = LONG_STEPS.find((step) => step >= wanted);
    return found ?? Math.ceil(wanted / (86400 * SECOND)) * 86400 * SECOND;
  }
  const power = 10 ** Math.floor(Math.log10(Math.max(1, wanted)));
  for (const factor of [1, 2, 5]) if (factor * power >= wanted) return factor * power;
  return 10 * power;
}

/** A duration in ns as people read it: `1.42 s`, `350 ms`, `12 µs`, `3 m 05 s`, `2 h 10 m`. */
export function durationText(ns: number): string {
  const size = Math.abs(ns);
  if (size < 1e3) return `${Math.round(ns)} ns`;
  if (size < 999.5e3) return `${Number((ns / 1e3).toPrecision(3))} µs`;
  if (size < 999.5e6) return `${Number((ns / 1e6).toPrecision(3))} ms`;
  if (size < 60e9) return `${Number((ns / 1e9).toPrecision(3))} s`;
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')} m`;
}

/** UTC clock of an instant with as many digits as the step needs: `14:02:05.120`. */
export function clockText(instantNs: bigint, stepNs: number): string {
  const iso = new Date(Number(instantNs / 1_000_000n)).toISOString();
  if (stepNs >= 86400 * SECOND) return iso.slice(5, 10);
  if (stepNs >= 60 * SECOND) return iso.slice(11, 16);
  if (stepNs >= SECOND) return iso.slice(11, 19);
  const digits = Math.min(9, Math.max(1, -Math.floor(Math.log10(stepNs / SECOND))));
  const below = String(((instantNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).padStart(9, '0');
  return `${iso.slice(11, 19)}.${below.slice(0, digits)}`;
}

/** Ticks on round UTC instants inside [from, to), offsets in ns from `originNs`; at most `most`. */
export function timeTicks(originNs: bigint, from: number, to: number, most: number): readonly TimeTick[] {
  if (!(to > from)) return [];
  const step = tickStep(to - from, most);
  const stepNs = BigInt(Math.max(1, Math.round(step)));
  const begin = originNs + BigInt(Math.ceil(from));
  let at = ((begin + stepNs - 1n) / stepNs) * stepNs;
  const ticks: TimeTick[] = [];
  for (; Number(at - originNs) < to && ticks.length <= most + 1; at += stepNs) {
    ticks.push({ at: Number(at - originNs), label: clockText(at, step) });
  }
  return ticks;
}
