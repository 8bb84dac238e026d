/** The simulated cluster that trains, with the run before the one that goes on. */
import { demoFaults, type Faults, NO_FAULTS } from '../world/faults.ts';
import { GPU_MODELS, type GpuModelName } from '../world/gpu-models.ts';
import { GPUS_PER_NODE, hash, type World } from '../world/model.ts';
import { BESIDE_SCRAPES, dagster, endOf, HISTORY_MINUTES, jobOf, machines, ownedBy } from './world-parts.ts';

const MINUTE = 60_000;
/** Eight nodes of eight. */
const DEMO_GPUS = 64;
/** Steps of the run that ended, and minutes of each. */
const NIGHTLY_STEPS = 139;
const NIGHTLY_STEP_MINUTES = 2;

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
