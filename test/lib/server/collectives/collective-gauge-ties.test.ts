/** Gauges of NCCL Inspector in which several GPUs are inside for the same time: nobody of them arrived last, as it is with spans. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitTransfer } from '../../../../lib/analysis/wait-transfer.ts';
import { collectiveRanks } from '../../../../lib/server/collectives/collectives.ts';
import type { Runtime } from '../../../../lib/server/runtime/runtime.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { type RecordedPrometheus, serveRecorded } from '../../../support/recorded-prometheus.ts';

const DUMPS = 20;
/** Unix s, on a whole interval of 30 s, an hour ago. */
const START = Math.floor(Date.now() / 60_000) * 60 - 3600;
/** us of each GPU in each dump: two tie for the shortest in every other one, else the first is alone. */
const timesOf = (dump: number): readonly number[] => {
  const shortest = 200 + dump / 8;
  return [shortest, dump % 2 === 0 ? shortest : 300 + dump / 8, 480 + dump / 8, 500 + dump / 8];
};

let recorded: RecordedPrometheus;
let runtime: Runtime;

beforeAll(async () => {
  const lines = timesOf(0).flatMap((_, gpu) =>
    Array.from({ length: 2 * DUMPS }, (_, scrape) => {
      const labels = `slurm_job_id="7",node="host-a",gpu="GPU${gpu}",comm_name="tp",n_nodes="1",nranks="4",collective="AllReduce",message_size="4-5MB"`;
      return `nccl_collective_exec_time_microseconds{${labels}} ${timesOf(Math.floor(scrape / 2))[gpu]} ${START + 15 * scrape}`;
    }),
  );
  recorded = await serveRecorded([
    `# TYPE nccl_collective_exec_time_microseconds unknown\n${lines.join('\n')}\n# EOF\n`,
  ]);
  runtime = { ...(await openTestRuntime()), prometheus: recorded.source };
}, 60_000);
afterAll(async () => {
  await recorded?.close();
  await runtime?.close();
});

it('counts them for nobody, and the one that was alone', async () => {
  const at = (dump: number): bigint => BigInt(START + dump * 30) * 1_000_000_000n;
  const { ranks } = await collectiveRanks(
    runtime,
    { from: at(0), to: at(DUMPS), points: 20, communicator: 'nccl::7:tp:4:1:host-a', collective: 'AllReduce' },
    new AbortController().signal,
  );
  const parts = Array.from({ length: DUMPS }, (_, dump) => waitTransfer(timesOf(dump).map((us) => us * 1000)));
  const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
  expect(ranks).toHaveLength(4);
  for (const { gpuIndex, lastShare, meanWaitUs, meanTransferUs } of ranks) {
    expect(lastShare).toBe(gpuIndex === 0 ? 0.5 : 0);
    expect(meanWaitUs).toBeCloseTo(mean(parts.map((part) => part?.waits[gpuIndex ?? -1] ?? Number.NaN)) / 1000, 6);
    expect(meanTransferUs).toBeCloseTo(mean(parts.map((part) => part?.transfer ?? Number.NaN)) / 1000, 6);
  }
});
