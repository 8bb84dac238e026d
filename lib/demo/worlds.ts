/** The simulated clusters: the one that trains, and beside it one that idles, one that is gone and one that answers requests. */
import { demoFaults, type Faults, NO_FAULTS } from './faults.ts';
import { GPU_MODELS, type GpuModelName } from './gpu-models.ts';
import {
  type DemoNode,
  GPUS_PER_NODE,
  hash,
  hex,
  type Job,
  type JobKey,
  MOST_GPUS,
  type Training,
  type World,
} from './model.ts';

const MINUTE = 60_000;
/** Eight nodes of eight. */
const DEMO_GPUS = 64;
/** The past of the demo, minutes before its anchor. */
export const HISTORY_MINUTES = 360;
/** Minutes before the anchor that the cluster which answers requests came up. */
const SERVING_MINUTES = 92;
/** Minutes after a full one that a training run starts, so that the scrapes of its past fall into its steps and not between them. */
const BESIDE_SCRAPES = 0.4;
/** Steps of the run that ended, and minutes of each. */
const NIGHTLY_STEPS = 139;
const NIGHTLY_STEP_MINUTES = 2;

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
function machines({ cluster, salt, boot, gpus, name, address }: Machines) {
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
const jobOf = (
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

const ownedBy = (owner: string): Record<string, string> => ({ owner, team: owner });

/** What dagster-ray writes into the metadata of the jobs that a run of Dagster submits. */
const dagster = (salt: number, name: string, op: string, location: string): Record<string, string> => ({
  'dagster/job': name,
  'dagster/run-id': uuid(hex(16, salt, 7, name.length)),
  'dagster/op': op,
  'dagster/code-location': location,
});

/**
 * Builds the cluster that trains, of a seed and an anchor (Unix ms); `gpus` must be a multiple of eight. `faults`: those of the demo
 * where they are not given. Throws RangeError where `gpus` is no such number.
 */
export function createWorld(
  seed: number,
  anchor: number,
  gpus: number = DEMO_GPUS,
  faults?: Faults,
  model: GpuModelName = 'h100',
): World {
  const isDemo = faults === undefined;
  const ago = (minutes: number): number => anchor - minutes * MINUTE;
  const salt = hash(seed, anchor);
  const base = machines({
    cluster: 'demo-cluster',
    salt,
    boot: ago(isDemo ? HISTORY_MINUTES + 2 : 62),
    gpus,
    name: 'sim-node',
    address: (index) => (index < 200 ? `192.0.2.${10 + index}` : `198.18.${index >> 8}.${index & 255}`),
  });
  const world: World = {
    ...base,
    anchor,
    end: null,
    faults: faults ?? demoFaults(anchor, base.nodes.length, GPUS_PER_NODE),
    gpu: GPU_MODELS[model],
    jobs: {
      preprocess: jobOf('preprocess', 2, 'preprocess', ago(59), 'python preprocess.py --dataset simulated_clicks', {
        ...ownedBy('data-platform'),
        ...dagster(salt, 'simulated_daily_retrain', 'preprocess', 'ads'),
      }),
      train: jobOf(
        'train',
        3,
        'train',
        ago(57 - BESIDE_SCRAPES),
        `python train.py --ranks ${gpus} --model simulated_ranker`,
        { ...ownedBy('ads-ranking'), ...dagster(salt, 'simulated_daily_retrain', 'train', 'ads') },
      ),
    },
    training: {
      pace: 1,
      steps: null,
      actorClass: 'TrainWorker',
      method: 'train_step',
      namespace: 'ads',
      weightsMib: 46_000,
      prefix: '',
      sampling: { oneIn: 3, allFrom: isDemo ? ago(30) : 0 },
    },
    serving: null,
    earlier: null,
  };
  return isDemo ? { ...world, earlier: nightlyRun(world) } : world;
}

/** The run that ended before the one of this world began. */
function nightlyRun(world: World): World {
  const start = world.anchor - (HISTORY_MINUTES - 10 - BESIDE_SCRAPES) * MINUTE;
  const train = jobOf(
    'train',
    1,
    'nightly',
    start,
    `python retrain.py --ranks ${world.ranks} --model simulated_search`,
    { ...ownedBy('search-quality'), ...dagster(world.seed, 'simulated_nightly_search', 'retrain', 'search') },
    endOf(start, NIGHTLY_STEPS * NIGHTLY_STEP_MINUTES),
  );
  return {
    ...world,
    seed: hash(world.seed, 6),
    faults: NO_FAULTS,
    jobs: { ...world.jobs, train },
    training: {
      pace: NIGHTLY_STEP_MINUTES * 6,
      steps: NIGHTLY_STEPS,
      actorClass: 'SearchTrainer',
      method: 'train_step',
      namespace: 'search',
      weightsMib: 31_000,
      prefix: 'nightly-',
      sampling: { oneIn: 5, allFrom: Number.POSITIVE_INFINITY },
    },
  };
}

/** A run takes a minute to come up, then its steps, and leaves. Unix ms. */
const endOf = (start: number, stepMinutes: number): number => start + (1 + stepMinutes) * MINUTE + 4_000;

/** The clusters beside the one that trains, for the same seed and anchor (Unix ms). */
export const otherWorlds = (seed: number, anchor: number): readonly World[] => [
  idleWorld(seed, anchor),
  endedWorld(seed, anchor),
  servingWorld(seed, anchor),
];

/** Two nodes, of AMD's GPUs, that a notebook holds and nobody uses. */
function idleWorld(seed: number, anchor: number): World {
  const salt = hash(seed, anchor, 1);
  const boot = anchor - (HISTORY_MINUTES - 20) * MINUTE;
  return {
    ...machines({
      cluster: 'demo-notebooks',
      salt,
      boot,
      gpus: 16,
      name: 'sim-notebook',
      address: (index) => `198.51.100.${10 + index}`,
    }),
    anchor,
    end: null,
    faults: NO_FAULTS,
    gpu: GPU_MODELS.mi300x,
    jobs: {
      preprocess: null,
      train: jobOf('train', 1, 'notebook', boot + 4 * MINUTE, 'python -m simulated_notebook', ownedBy('research')),
    },
    training: {
      pace: 1,
      steps: 0,
      actorClass: 'NotebookModel',
      method: 'train_step',
      namespace: 'research',
      weightsMib: 22_000,
      prefix: 'notebook-',
      sampling: { oneIn: 1, allFrom: 0 },
    },
    serving: null,
    earlier: null,
  };
}

/** Two nodes that evaluated a model and were taken down when they were done. */
function endedWorld(seed: number, anchor: number): World {
  const salt = hash(seed, anchor, 2);
  const boot = anchor - (HISTORY_MINUTES - 30) * MINUTE;
  const start = boot + (3 + BESIDE_SCRAPES) * MINUTE;
  const training: Training = {
    pace: 6,
    steps: 96,
    actorClass: 'EvalWorker',
    method: 'train_step',
    namespace: 'search',
    weightsMib: 27_000,
    prefix: 'eval-',
    sampling: { oneIn: 12, allFrom: Number.POSITIVE_INFINITY },
  };
  const end = endOf(start, training.steps ?? 0);
  return {
    ...machines({
      cluster: 'demo-weekly-eval',
      salt,
      boot,
      gpus: 16,
      name: 'sim-eval',
      address: (index) => `203.0.113.${10 + index}`,
    }),
    anchor,
    end: end + 3 * MINUTE,
    faults: NO_FAULTS,
    gpu: GPU_MODELS.h100,
    jobs: {
      preprocess: null,
      train: jobOf(
        'train',
        1,
        'eval',
        start,
        'python evaluate.py --ranks 16 --model simulated_search',
        { ...ownedBy('search-quality'), ...dagster(salt, 'simulated_weekly_eval', 'evaluate', 'search') },
        end,
      ),
    },
    training,
    serving: null,
    earlier: null,
  };
}

/** A node of AMD's GPUs on which a language model answers requests: one replica, tensor parallel over all eight. */
function servingWorld(seed: number, anchor: number): World {
  const salt = hash(seed, anchor, 3);
  const boot = anchor - SERVING_MINUTES * MINUTE;
  return {
    ...machines({
      cluster: 'demo-inference',
      salt,
      boot,
      gpus: 8,
      name: 'sim-serve',
      address: (index) => `198.51.100.${60 + index}`,
    }),
    anchor,
    end: null,
    faults: NO_FAULTS,
    gpu: GPU_MODELS.mi300x,
    jobs: {
      preprocess: null,
      train: jobOf('train', 1, 'chat', boot + 2 * MINUTE, 'serve run simulated_chat:app', ownedBy('assistant')),
    },
    training: {
      pace: 1,
      steps: 0,
      actorClass: 'ServeReplica:simulated_chat:LLMServer',
      method: 'handle_request_streaming',
      namespace: 'serve',
      weightsMib: 168_000,
      prefix: 'chat-',
      sampling: { oneIn: 1, allFrom: 0 },
    },
    serving: { application: 'simulated_chat', route: '/v1/chat/completions', everyMs: 2_000, oneIn: 15 },
    earlier: null,
  };
}
