/** What simulated clusters are put together from: machines, jobs and whom they belong to. */
import { type DemoNode, GPUS_PER_NODE, hex, type Job, type JobKey, MOST_GPUS } from '../world/model.ts';

const MINUTE = 60_000;
/** The past of the demo, minutes before its anchor. */
export const HISTORY_MINUTES = 360;
/** Minutes after a full one that a training run starts, so that the scrapes of its past fall into its steps and not between them. */
export const BESIDE_SCRAPES = 0.4;

/** 32 hex digits as a UUID is written. */
const uuid = (text: string): string =>
  `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;

/** What a cluster is made of before anything runs on it. */
interface Machines {
  readonly cluster: string;
  readonly salt: number;
  readonly boot: number;
  readonly gpus: number;
  /** What the names of its nodes begin with. */
  readonly name: string;
  /** Address of a node; each has its own, in the ranges that RFC 5737 and RFC 2544 keep for examples. */
  readonly address: (index: number) => string;
}

/** Throws RangeError where `gpus` is no multiple of eight, or too large. */
export function machines({ cluster, salt, boot, gpus, name, address }: Machines) {
  const nodeCount = gpus / GPUS_PER_NODE;
  if (!Number.isInteger(nodeCount) || nodeCount < 1 || gpus > MOST_GPUS)
    throw new RangeError(`${gpus} GPUs: expected a multiple of ${GPUS_PER_NODE} up to ${MOST_GPUS}`);
  const stamp = new Date(boot).toISOString();
  const nodes: DemoNode[] = Array.from({ length: nodeCount }, (_, index) => ({
    index,
    name: `${name}-${index}`,
    ip: address(index),
    nodeId: hex(28, salt, 1, index),
    isHead: index === 0,
    gpus: Array.from({ length: GPUS_PER_NODE }, (_gpu, gpu) => `GPU-${uuid(hex(16, salt, 4, index, gpu))}`),
  }));
  return {
    cluster,
    seed: salt,
    boot,
    session: `session_${stamp.slice(0, 10)}_${stamp.slice(11, 19).replaceAll(':', '-')}_${String(salt % 1_000_000).padStart(6, '0')}_1`,
    nodes,
    ranks: gpus,
    stages: nodeCount % 2 === 0 && nodeCount >= 4 ? 2 : 1,
  };
}

/** A job; `start` and `end` are Unix ms. */
export const jobOf = (
  key: JobKey,
  number: number,
  name: string,
  start: number,
  entrypoint: string,
  metadata: Record<string, string>,
  end: number | null = null,
): Job => ({
  key,
  jobId: `0${number}000000`,
  submissionId: `raysubmit_sim_${name}`,
  entrypoint,
  metadata: { ...metadata, simulated: 'true' },
  driverPid: 2400 + number * 377,
  start,
  end,
});

export const ownedBy = (owner: string): Record<string, string> => ({ owner, team: owner });

/** What dagster-ray writes into the metadata of the jobs that a run of Dagster submits. */
export const dagster = (salt: number, name: string, op: string, location: string): Record<string, string> => ({
  'dagster/job': name,
  'dagster/run-id': uuid(hex(16, salt, 7, name.length)),
  'dagster/op': op,
  'dagster/code-location': location,
});

/** A run takes a minute to come up, then its steps, and leaves. Unix ms. */
export const endOf = (start: number, stepMinutes: number): number => start + (1 + stepMinutes) * MINUTE + 4_000;
