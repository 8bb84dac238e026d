/**
 * Ports behind a slow transfer: simulated incidents as samples of node_exporter and NCCL Inspector in a real Prometheus. The API names
 * the port that lost lanes, and the one that receives damaged packets.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Incident, incidentWorld } from '../../../../lib/demo/clusters/incidents.ts';
import { END, scrapeLines } from '../../../../lib/demo/emit/exposition.ts';
import { Tally } from '../../../../lib/demo/state/tally.ts';
import { targetsOf } from '../../../../lib/demo/targets.ts';
import { collectives } from '../../../../lib/server/collectives/collectives.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { serveRecorded } from '../../../support/recorded-prometheus.ts';

const ANCHOR = Date.UTC(2026, 10, 20, 12, 0, 0);
const STEP_MS = 10_000;
let base: Runtime;
beforeAll(async () => {
  base = await openTestRuntime();
});
afterAll(() => base.close());

async function answer(incident: Incident) {
  let seed = 1;
  while (incidentWorld(seed, ANCHOR, 32).truth.incident !== incident) seed++;
  const { world, truth } = incidentWorld(seed, ANCHOR, 32);
  const tally = new Tally(world);
  let text = '';
  const targets = targetsOf(world).filter(({ job }) => job === 'node' || job === 'nccl');
  for (let time = ANCHOR - 50 * 60_000; time <= ANCHOR; time += STEP_MS) {
    tally.advance(time);
    for (const target of targets)
      text += scrapeLines(target.samples(tally), { job: target.job, ...target.labels }, time);
  }
  const recorded = await serveRecorded([text + END]);
  const ns = (ms: number) => BigInt(ms) * 1_000_000n;
  const { communicators } = await collectives(
    { ...base, prometheus: recorded.source },
    { from: ns(ANCHOR - 20 * 60_000), to: ns(ANCHOR), points: 60 },
    new AbortController().signal,
  ).finally(() => recorded.close());
  return { world, truth, communicators };
}

describe('of a transfer that got slower, the API names', () => {
  it('the port that lost lanes, with its rate before and now', async () => {
    const { world, truth, communicators } = await answer('link');
    const [first, ...others] = communicators;
    const node = world.faults.link?.node ?? -1;
    expect(first?.name).toBe(truth.transfer);
    expect(first?.badPorts).toEqual([
      {
        host: `sim-node-${node}`,
        device: `mlx5_${node}`,
        port: '1',
        rateGBs: 50 / 2 ** Math.round(Math.log2(world.faults.link?.factor ?? 1)),
        fullRateGBs: 50,
        errorsPerSecond: null,
      },
    ]);
    for (const { slowTransfer, badPorts } of others) expect([slowTransfer, badPorts]).toEqual([null, []]);
  }, 60_000);

  it('the port that receives damaged packets, and how many', async () => {
    const { world, truth, communicators } = await answer('nic-errors');
    const first = communicators.find(({ name }) => name === truth.transfer);
    const node = world.faults.link?.node ?? -1;
    expect(first?.slowTransfer).not.toBeNull();
    expect(first?.badPorts.map(({ host, device, rateGBs }) => [host, device, rateGBs])).toEqual([
      [`sim-node-${node}`, `mlx5_${node}`, null],
    ]);
    expect(first?.badPorts[0]?.errorsPerSecond).toBeCloseTo(40, 0);
  }, 60_000);
});
