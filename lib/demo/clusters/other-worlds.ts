/** The clusters beside the one that trains: one that idles, one that is gone and one that answers requests. */
import { NO_FAULTS } from '../world/faults.ts';
import { GPU_MODELS } from '../world/gpu-models.ts';
import { hash, type Training, type World } from '../world/model.ts';
import { BESIDE_SCRAPES, dagster, endOf, HISTORY_MINUTES, jobOf, machines, ownedBy } from './world-parts.ts';

const MINUTE = 60_000;
/** Minutes before the anchor that the cluster which answers requests came up. */
const SERVING_MINUTES = 92;

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
