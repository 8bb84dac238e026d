/** Clusters: every one X-Ray has seen, living or dead. */
import { z } from 'zod';
import { defineRoute } from './route.ts';
import { NsText, SourceNotice } from './wire-values.ts';

/** Used of total; null where no source measures it. */
export const Usage = z.object({ used: z.number().nullable(), total: z.number().nullable() });

export const ClusterSummary = z.object({
  /** Name from the configuration or the ingest address; the session's name where nobody gave one. */
  cluster: z.string(),
  /** Newest session (Ray's sessionName: one incarnation of the cluster). */
  session: z.string().nullable(),
  sessions: z.array(z.string()),
  /** `ended`: not heard for longer than the grace time, or its nodes and jobs have ended. */
  state: z.enum(['alive', 'silent', 'ended']),
  owner: z.string().nullable(),
  rayVersion: z.string().nullable(),
  demo: z.boolean(),
  nodes: z.object({ alive: z.number(), total: z.number() }),
  /** Logical CPUs and GPUs in use of total; memory in bytes. */
  cpu: Usage,
  gpu: Usage,
  memoryBytes: Usage,
  /** GPUs that are allocated but idle: allocated GPUs minus busy-GPU equivalents (allocated * utilisation). */
  waste: z.object({
    gpusAllocated: z.number().nullable(),
    gpusUsed: z.number().nullable(),
    gpusWasted: z.number().nullable(),
  }),
  jobs: z.object({ running: z.number(), total: z.number() }),
  alertsFiring: z.number().nullable(),
  firstSeenNs: NsText.nullable(),
  lastHeardNs: NsText.nullable(),
  heardFrom: z.array(z.string()),
});
export type ClusterSummaryWire = z.infer<typeof ClusterSummary>;

export const ClustersResponse = z.object({ clusters: z.array(ClusterSummary), notices: z.array(SourceNotice) });
export type ClustersWire = z.infer<typeof ClustersResponse>;
export const clustersRoute = defineRoute({
  path: '/api/clusters',
  query: z.strictObject({}),
  response: ClustersResponse,
});

export const NodeWire = z.object({
  session: z.string(),
  nodeId: z.string(),
  name: z.string().nullable(),
  ip: z.string().nullable(),
  isHead: z.boolean().nullable(),
  state: z.enum(['ALIVE', 'DEAD', 'UNKNOWN']),
  resources: z.record(z.string(), z.number()),
  labels: z.record(z.string(), z.string()),
  startNs: NsText.nullable(),
  endNs: NsText.nullable(),
  deathReason: z.string().nullable(),
  cpuUtilization: z.number().nullable(),
  memoryUsedBytes: z.number().nullable(),
  memoryTotalBytes: z.number().nullable(),
  gpus: z.array(
    z.object({
      index: z.number(),
      name: z.string().nullable(),
      utilization: z.number().nullable(),
      memoryUsedBytes: z.number().nullable(),
      memoryTotalBytes: z.number().nullable(),
    }),
  ),
});
export type NodeWireValue = z.infer<typeof NodeWire>;

export const ActorWire = z.object({
  session: z.string(),
  actorId: z.string(),
  jobId: z.string(),
  className: z.string(),
  name: z.string().nullable(),
  state: z.string(),
  nodeId: z.string().nullable(),
  workerId: z.string().nullable(),
  pid: z.number().nullable(),
  restarts: z.number().nullable(),
  deathCause: z.string().nullable(),
});

export const PlacementGroupWire = z.object({
  session: z.string(),
  placementGroupId: z.string(),
  name: z.string().nullable(),
  state: z.string(),
  strategy: z.string().nullable(),
  bundles: z.array(z.record(z.string(), z.number())),
});

export const ClusterResponse = z.object({
  summary: ClusterSummary,
  nodes: z.array(NodeWire),
  actors: z.object({ total: z.number(), byState: z.record(z.string(), z.number()), rows: z.array(ActorWire) }),
  placementGroups: z.array(PlacementGroupWire),
  notices: z.array(SourceNotice),
});
export type ClusterWire = z.infer<typeof ClusterResponse>;
export const clusterRoute = defineRoute({
  path: '/api/clusters/{cluster}',
  query: z.strictObject({ cluster: z.string().min(1), session: z.string().optional() }),
  response: ClusterResponse,
});
