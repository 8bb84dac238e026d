/** UTC, `14:02`; with the day, `11-25 14:02`, where `ns` is not of the day of `nowMs`. */
export function clockText(ns: string, nowMs: number): string {
  const iso = new Date(Number(BigInt(ns) / 1_000_000n)).toISOString();
  return iso.slice(0, 10) === new Date(nowMs).toISOString().slice(0, 10)
    ? iso.slice(11, 16)
    : iso.slice(5, 16).replace('T', ' ');
}
