/** One case of the bench: what is done to the server, and what more than lag, memory and recovery it is held against. */
import type { Target } from './target.ts';

export interface Case {
  readonly name: string;
  /** Of the server; given the address of the source that lies, where `liar`. */
  readonly environment?: (liar: string) => Readonly<Record<string, string>>;
  /** Needs a Ray and a Prometheus that lie in this mode (liar.ts). */
  readonly liar?: string;
  /** Figures beside the usual ones: name -> [value, unit]. */
  readonly attack: (target: Target) => Promise<Readonly<Record<string, readonly [number, string]>> | undefined>;
}

/** At most `atOnce` of these at a time. */
export async function atMost(atOnce: number, count: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
}
