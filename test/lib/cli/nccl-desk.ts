/** An import desk for traces that hold NCCL operations, and what the collectives page then says of them. */
import { collectiveRanks, collectives } from '../../../lib/server/collectives/collectives.ts';
import { openImportDesk } from './import-desk.ts';
import { BASE_NS, type SyntheticTrace, syntheticTrace } from './synthetic-traces.ts';

/** The group of all of two ranks, as torch names it. */
export const WORLD = { name: '0', description: 'default_pg', ranks: [0, 1] };

export async function openNcclDesk() {
  const desk = await openImportDesk();
  const signal = new AbortController().signal;
  let day = 0;
  const windowAt = (atUs: number, endUs: number) => ({
    from: BASE_NS + BigInt(atUs) * 1000n,
    to: BASE_NS + BigInt(atUs + endUs) * 1000n,
    points: 60,
  });
  return {
    desk,
    signal,
    /** Each test has a day of its own, so that none sees what another stored. us. */
    nextDay(): number {
      day += 1;
      return day * 86_400e6;
    },
    write: (atUs: number, name: string, trace: SyntheticTrace): string =>
      desk.write(`${name}-${atUs}.json`, syntheticTrace({ atUs, ...trace })),
    shownAt: (atUs: number, endUs = 60e6) => collectives(desk.runtime, windowAt(atUs, endUs), signal),
    ranksOf: (atUs: number, communicator: string, collective: string) =>
      collectiveRanks(desk.runtime, { ...windowAt(atUs, 60e6), communicator, collective }, signal),
  };
}
