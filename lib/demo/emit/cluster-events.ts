/** Events of the cluster itself: nodes, jobs, actors and the workers that live from the start. */

import { preprocessWorkers } from '../jobs/preprocessing.ts';
import { rfc3339 } from '../world/attempt.ts';
import {
  actorId,
  CPUS_PER_NODE,
  GPUS_PER_NODE,
  jobsOf,
  nodeAt,
  placementGroupId,
  runsOf,
  trainWorker,
  type World,
} from '../world/model.ts';
import { Batch, base64, type RayEvent, workerBirth, workerDeath } from './ray-events.ts';

/** Total resources of a node as Ray names them. */
export const nodeResources = (world: World, index: number): Record<string, number> => {
  const node = nodeAt(world, index);
  return {
    CPU: CPUS_PER_NODE,
    GPU: GPUS_PER_NODE,
    memory: 440 * 1024 ** 3,
    object_store_memory: 48 * 1024 ** 3,
    [`node:${node.ip}`]: 1,
    ...(node.isHead ? { 'node:__internal_head__': 1 } : {}),
  };
};

/** Labels of a node. */
export const nodeLabels = (nodeId: string): Record<string, string> => ({ 'ray.io/node-id': nodeId, simulated: 'true' });

/** What Ray says of an actor and of its process when their job has ended. */
export const OWNER_LEFT =
  "The actor is dead because its owner has died. Owner worker exit type: INTENDED_USER_EXIT Worker exit detail: Owner's worker process has exited.";
export const JOB_OVER = {
  exitType: 'INTENDED_USER_EXIT',
  exitDetail: 'Worker force exited because its job has finished',
} as const;

/** Nodes, jobs, actors and workers: what the cluster said when it came up. */
export function clusterEvents(world: World): RayEvent[] {
  const batch = new Batch(world);
  const head = nodeAt(world, 0).nodeId;
  for (const node of world.nodes) {
    const nodeId = base64(node.nodeId);
    const time = world.boot + 1_000 * node.index;
    batch.add('NODE_DEFINITION', time, node.nodeId, [node.index], {
      nodeId,
      nodeIpAddress: node.ip,
      labels: nodeLabels(node.nodeId),
      startTimestamp: new Date(time).toISOString(),
      hostname: node.name,
      nodeName: node.name,
      instanceId: '',
      instanceTypeName: world.gpu.nodeType,
    });
    batch.add('NODE_LIFECYCLE', time, node.nodeId, [node.index], {
      nodeId,
      stateTransitions: [
        {
          timestamp: rfc3339(time),
          resources: nodeResources(world, node.index),
          state: 'ALIVE',
          aliveSubState: 'UNSPECIFIED',
        },
      ],
    });
  }
  if (world.end !== null)
    for (const node of world.nodes)
      batch.add('NODE_LIFECYCLE', world.end, node.nodeId, [node.index, 1], {
        nodeId: base64(node.nodeId),
        stateTransitions: [
          {
            timestamp: rfc3339(world.end),
            resources: {},
            state: 'DEAD',
            aliveSubState: 'UNSPECIFIED',
            deathInfo: { reason: 'EXPECTED_TERMINATION', reasonMessage: 'received SIGTERM' },
          },
        ],
      });
  for (const job of jobsOf(world)) {
    const jobId = base64(job.jobId);
    const metadata = { ...job.metadata, job_name: job.submissionId, job_submission_id: job.submissionId };
    batch.add('DRIVER_JOB_DEFINITION', job.start, head, [job.driverPid], {
      jobId,
      driverPid: String(job.driverPid),
      driverNodeId: base64(head),
      entrypoint: job.entrypoint,
      config: { serializedRuntimeEnv: '{}', metadata },
    });
    batch.add('DRIVER_JOB_LIFECYCLE', job.start, head, [job.driverPid], {
      jobId,
      stateTransitions: [{ state: 'CREATED', timestamp: rfc3339(job.start) }],
    });
    if (job.end !== null)
      batch.add('DRIVER_JOB_LIFECYCLE', job.end, head, [job.driverPid, 1], {
        jobId,
        stateTransitions: [{ state: 'FINISHED', timestamp: rfc3339(job.end) }],
      });
  }
  for (const worker of preprocessWorkers(world)) workerBirth(batch, worker, worker.start);
  for (const run of runsOf(world)) actorEvents(batch, run);
  return batch.events();
}

/** The actors of a training run: one for each rank. */
function actorEvents(batch: Batch, world: World): void {
  const head = nodeAt(world, 0).nodeId;
  const { jobId } = world.jobs.train;
  const { actorClass, namespace } = world.training;
  for (let rank = 0; rank < world.ranks; rank += 1) {
    const worker = trainWorker(world, rank);
    workerBirth(batch, worker, worker.start);
    const id = base64(actorId(world, rank));
    batch.add('ACTOR_DEFINITION', worker.start - 2_000, head, [rank], {
      actorId: id,
      jobId: base64(jobId),
      name: `rank${rank}`,
      rayNamespace: namespace,
      serializedRuntimeEnv: '{}',
      className: actorClass,
      requiredResources: { CPU: 4, GPU: 1 },
      isDetached: false,
      placementGroupId: base64(placementGroupId(world)),
      labelSelector: {},
      callSite: '',
      parentId: '',
      refIds: {},
    });
    const nowhere = { nodeId: '', workerId: '', reprName: '', pid: 0, port: 0, restartReason: 'ACTOR_FAILURE' };
    const alive = worker.start + 22_000;
    batch.add('ACTOR_LIFECYCLE', alive, head, [rank], {
      actorId: id,
      stateTransitions: [
        { timestamp: rfc3339(worker.start - 2_000), state: 'DEPENDENCIES_UNREADY', ...nowhere },
        { timestamp: rfc3339(worker.start - 1_990), state: 'PENDING_CREATION', ...nowhere },
        {
          timestamp: rfc3339(alive),
          state: 'ALIVE',
          ...nowhere,
          nodeId: base64(worker.node.nodeId),
          workerId: base64(worker.workerId),
          pid: worker.pid,
          port: 10_000 + rank,
        },
      ],
    });
    if (worker.end === null) continue;
    batch.add('ACTOR_LIFECYCLE', worker.end, head, [rank, 1], {
      actorId: id,
      stateTransitions: [
        {
          timestamp: rfc3339(worker.end),
          state: 'DEAD',
          ...nowhere,
          deathCause: { actorDiedErrorContext: { errorMessage: OWNER_LEFT } },
        },
      ],
    });
    workerDeath(batch, worker, worker.end, jobId, JOB_OVER);
  }
}
