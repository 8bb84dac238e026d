/** The simulated scrape targets: what live scraping and the back-fill must agree on. */
import { amdMetrics } from './emit/amd-metrics.ts';
import { collectiveMetrics } from './emit/collective-metrics.ts';
import type { Sample } from './emit/exposition.ts';
import { gpuMetrics } from './emit/gpu-metrics.ts';
import { linkMetrics } from './emit/link-metrics.ts';
import { rayMetrics } from './emit/ray-metrics.ts';
import type { Tally } from './state/tally.ts';
import type { World } from './world/model.ts';

export interface DemoTarget {
  /** Prometheus' `job` label. */
  readonly job: string;
  readonly path: string;
  /** Labels that every series of the target carries besides `job`. */
  readonly labels: { readonly instance: string; readonly ray_io_cluster: string; readonly cluster: string };
  readonly samples: (tally: Tally) => Sample[];
}

/** All targets, four for each node. */
export const targetsOf = (world: World): readonly DemoTarget[] =>
  world.nodes.flatMap(({ index: node, name }) => {
    const target = (job: string, path: string, port: number, samples: (tally: Tally) => Sample[]): DemoTarget => ({
      job,
      path,
      labels: { instance: `${name}:${port}`, ray_io_cluster: world.cluster, cluster: world.cluster },
      samples,
    });
    return [
      target('ray', `/metrics/${world.cluster}/node-${node}`, 8080, (tally) => rayMetrics(tally, node)),
      world.gpu.exporter === 'dcgm'
        ? target('dcgm', `/metrics/${world.cluster}/dcgm-${node}`, 9400, (tally) =>
            gpuMetrics(tally.world, node, tally.time),
          )
        : target('amd', `/metrics/${world.cluster}/amd-${node}`, 5000, (tally) =>
            amdMetrics(tally.world, node, tally.time),
          ),
      target('node', `/metrics/${world.cluster}/links-${node}`, 9100, (tally) =>
        linkMetrics(tally.world, node, tally.time),
      ),
      target('nccl', `/metrics/${world.cluster}/nccl-${node}`, 9100, (tally) =>
        collectiveMetrics(tally.world, node, tally.time),
      ),
    ];
  });
