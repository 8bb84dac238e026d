/**
 * Physical units as types. A number or bigint becomes a unit only here and in decoders; everywhere else the type
 * checker keeps milliseconds from being added to nanoseconds and MiB from being drawn as bytes.
 */
declare const unit: unique symbol;
type Unit<Base, Name extends string> = Base & { readonly [unit]: Name };

/** Unix time or a duration in nanoseconds. bigint, because 2^53 ns is only 104 days. */
export type Nanoseconds = Unit<bigint, 'ns'>;
/** Unix time in milliseconds, for clocks, URLs and charts (whole milliseconds of a float64 are exact). */
export type Milliseconds = Unit<number, 'ms'>;
export type Bytes = Unit<number, 'B'>;
export type BytesPerSecond = Unit<number, 'B/s'>;
/** 0..1 */
export type Ratio = Unit<number, 'ratio'>;

export const nanoseconds = (count: bigint): Nanoseconds => count as Nanoseconds;
export const milliseconds = (count: number): Milliseconds => count as Milliseconds;
export const bytes = (count: number): Bytes => count as Bytes;
export const bytesPerSecond = (count: number): BytesPerSecond => count as BytesPerSecond;
export const ratio = (share: number): Ratio => share as Ratio;

export const mebibytes = (count: number): Bytes => bytes(count * 1024 ** 2);
export const gibibytes = (count: number): Bytes => bytes(count * 1024 ** 3);

export const millisecondsToNanoseconds = (time: Milliseconds): Nanoseconds =>
  nanoseconds(BigInt(Math.floor(time)) * 1_000_000n + BigInt(Math.round((time - Math.floor(time)) * 1e6)));
export const nanosecondsToMilliseconds = (time: Nanoseconds): Milliseconds =>
  milliseconds(Number(time / 1_000_000n) + Number(time % 1_000_000n) / 1e6);
