/** Clusters: every one X-Ray has seen, living or dead. */
import { z } from 'zod';
import { byKey } from '../schema/by-key.ts';
import { inWindow, Name, PathName, WholeNumber } from './parameters.ts';
import { clusterAddress, clustersAddress, clusterUsageAddress } from './requests/addresses.ts';
import { defineRoute } from './route.ts';
import { NsText, SourceNotice, Timestamp } from './wire-values.ts';

/** Used of total; null where no source measures it. */
export const Usage = z.object({ used: z.number().nullable(), total: z.number().nullable() });

export const ClusterSummary = z.object({
  /** Name from the configuration or the ingest address; the session's name where nobody gave one. */
  cluster: z.string(),
  /** Newest session (Ray's sessionName: one incarnation of the cluster). */
  session: z.string().nullable(),
  sessions: z.array(z.string()),
  /**
   * `alive`: heard within 2 min. `silent`: not heard for longer. `ended`: every node told its end, or silent with no job
   * under way for 15 min (at once where metrics or the State API answer and no longer know it), or silent for 24 h.
   */
  state: z.enum(['alive', 'silent', 'ended']),
  owner: z.string().nullable(),
  rayVersion: z.string().nullable(),
  demo: z.boolean(),
  nodes: z.object({ alive: z.number(), total: z.number() }),
  /** Logical CPUs and GPUs that Ray has given away, of total; memory used, of total, each host counted once. */
  cpu: Usage,
  gpu: Usage,
  memoryBytes: Usage,
  /** Allocated GPUs that do nothing: per host, allocated minus min(allocated, sum of utilisations). */
  waste: z.object({
    gpusAllocated: z.number().nullable(),
    gpusUsed: z.number().nullable(),
    gpusWasted: z.number().nullable(),
  }),
  /** The users' jobs of every session. `withoutEnd`: still RUNNING when their cluster ended; not among `running`. */
  jobs: z.object({ running: z.number(), withoutEnd: z.number(), total: z.number() }),
  alertsFiring: z.number().nullable(),
  firstSeenNs: NsText.nullable(),
  lastHeardNs: NsText.nullable(),
  /** `events`, `state-api`, `prometheus`, `traces`; empty: configured, but never heard. */
  heardFrom: z.array(z.string()),
});
export type ClusterSummaryWire = z.infer<typeof ClusterSummary>;

export const ClustersResponse = z.object({ clusters: z.array(ClusterSummary), notices: z.array(SourceNotice) });
export type ClustersWire = z.infer<typeof ClustersResponse>;
export const clustersRoute = defineRoute(clustersAddress, {
  query: z.strictObject({}),
  response: ClustersResponse,
});

export const NodeWire = z.object({
  session: z.string(),
  /** Null: known from metrics only, which do not name it. */
  nodeId: z.string().nullable(),
  name: z.string().nullable(),
  ip: z.string().nullable(),
  isHead: z.boolean().nullable(),
  state: z.enum(['ALIVE', 'DEAD', 'UNKNOWN']),
  resources: byKey(z.number()),
  labels: byKey(z.string()),
  startNs: NsText.nullable(),
  endNs: NsText.nullable(),
  deathReason: z.string().nullable(),
  /** Names of the other raylets on this host: utilisation, memory and GPUs are the host's, and all of them show the same. */
  sharesHostWith: z.array(z.string()),
  /** Logical resources of this raylet alone. */
  cpu: Usage,
  gpu: Usage,
  /** 0..1 of the host. */
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

export type ActorWireValue = z.infer<typeof ActorWire>;

export const PlacementGroupWire = z.object({
  session: z.string(),
  placementGroupId: z.string(),
  name: z.string().nullable(),
  state: z.string(),
  strategy: z.string().nullable(),
  bundles: z.array(byKey(z.number())),
});
export type PlacementGroupWireValue = z.infer<typeof PlacementGroupWire>;

export const ClusterResponse = z.object({
  summary: ClusterSummary,
  /** The session that nodes, actors and placement groups are of. */
  session: z.string().nullable(),
  nodes: z.array(NodeWire),
  /** At most 1,000 rows, of `actorState` where that was asked for; `total` and `byState` count all. */
  actors: z.object({ total: z.number(), byState: byKey(z.number()), rows: z.array(ActorWire) }),
  placementGroups: z.array(PlacementGroupWire),
  notices: z.array(SourceNotice),
});
export type ClusterWire = z.infer<typeof ClusterResponse>;
export const clusterRoute = defineRoute(clusterAddress, {
  query: z.strictObject({
    cluster: PathName,
    session: Name.optional(),
    actorState: Name.optional(),
  }),
  response: ClusterResponse,
});

const Values = z.array(z.number().nullable());

/** Use of one session over time, on one grid: value i belongs to startMs + i * stepMs; null is a gap. */
export const ClusterUsageResponse = z.object({
  session: z.string().nullable(),
  startMs: z.number(),
  stepMs: z.number(),
  count: z.number(),
  /** Logical CPUs given away and there; busy: CPUs of the hosts. An empty array: nothing measured it. */
  cpuAllocated: Values,
  cpuBusy: Values,
  cpuTotal: Values,
  /** GPUs given away, busy-GPU equivalents (sum of utilisations), and there. */
  gpuAllocated: Values,
  gpuBusy: Values,
  gpuTotal: Values,
  memoryUsedBytes: Values,
  memoryTotalBytes: Values,
  /** Task attempts in RUNNING, RUNNING_IN_RAY_GET or RUNNING_IN_RAY_WAIT. */
  tasksRunning: Values,
  notices: z.array(SourceNotice),
});
export type ClusterUsageWire = z.infer<typeof ClusterUsageResponse>;
export const clusterUsageRoute = defineRoute(clusterUsageAddress, {
  query: inWindow(
    z.strictObject({
      cluster: PathName,
      session: Name.optional(),
      from: Timestamp,
      to: Timestamp,
      /** Points per line, as many as there are pixels to draw them on. */
      points: WholeNumber(2, 2000).default(240),
    }),
  ),
  response: ClusterUsageResponse,
});
