/** Memory: heat maps of nodes and GPUs over time, and kills by Ray's memory monitor. */
import { z } from 'zod';
import { inOrder, inWindow, Name, WholeNumber } from './parameters.ts';
import { heatmapAddress, oomAddress } from './requests/addresses.ts';
import { defineRoute } from './route.ts';
import { NsText, SourceNotice, Timestamp } from './wire-values.ts';

export const HeatmapResponse = z.object({
  by: z.enum(['node', 'gpu']),
  startMs: z.number(),
  /** Width of a bin; every bin holds the MAXIMUM of what fell into it. */
  stepMs: z.number(),
  count: z.number(),
  rows: z.array(
    z.object({
      /** Stable id, e.g. `10.0.0.1` or `10.0.0.1/gpu3`; two raylets on one address are told apart by their role or port, two GPUs of one name by their UUID. */
      id: z.string(),
      label: z.string(),
      cluster: z.string().nullable(),
      session: z.string().nullable(),
      nodeId: z.string().nullable(),
      nodeIp: z.string().nullable(),
      gpuIndex: z.number().nullable(),
      capacityBytes: z.number().nullable(),
      /** What measured it, e.g. `ray_node_mem_used`. */
      source: z.string(),
      /** Everything that measured it, `source` first; its gaps are filled from the others in their order. */
      sources: z.array(z.string()).default([]),
      /** What the reader must know of this row, e.g. that two raylets share this memory. */
      note: z.string().nullable(),
      /** Bytes used per bin; null: nothing was measured. Zero is a measurement. */
      usedBytes: z.array(z.number().nullable()),
    }),
  ),
  kills: z.array(z.object({ timeNs: NsText, rowId: z.string().nullable(), name: z.string(), kind: z.string() })),
  notices: z.array(SourceNotice),
});
export type HeatmapWire = z.infer<typeof HeatmapResponse>;
export const heatmapRoute = defineRoute(heatmapAddress, {
  query: inWindow(
    z.strictObject({
      by: z.enum(['node', 'gpu']).default('node'),
      cluster: Name.optional(),
      session: Name.optional(),
      from: Timestamp,
      to: Timestamp,
      /** Most bins wanted (pixels). */
      bins: WholeNumber(1, 4000).default(400),
    }),
  ),
  response: HeatmapResponse,
});

export const MemoryUserWire = z.object({ name: z.string(), pid: z.number(), usedBytes: z.number() });
export const OomKill = z.object({
  cluster: z.string(),
  session: z.string(),
  /** When the process died; of a kill that only the counter tells: the end of the bin in which it was counted. */
  timeNs: NsText,
  kind: z.enum(['task', 'actor', 'idle_worker', 'driver']),
  /** Function or actor that was killed: the victim, not necessarily the culprit. `Idle Worker` for an idle one. */
  name: z.string(),
  /** Function of the attempt that ran in the killed process, e.g. the actor's method. */
  functionName: z.string().nullable(),
  jobId: z.string().nullable(),
  taskId: z.string().nullable(),
  attempt: z.number().nullable(),
  /** Attempts the task has had until now. */
  attempts: z.number().nullable(),
  /** What became of the work: `recovered` by a later attempt, `retrying`, `lost`; `nothing` of an idle worker. */
  outcome: z.enum(['recovered', 'retrying', 'lost', 'nothing', 'unknown']),
  actorId: z.string().nullable(),
  nodeId: z.string().nullable(),
  nodeIp: z.string().nullable(),
  nodeName: z.string().nullable(),
  workerId: z.string().nullable(),
  pid: z.number().nullable(),
  usedBytes: z.number().nullable(),
  nodeUsedBytes: z.number().nullable(),
  nodeTotalBytes: z.number().nullable(),
  /** Use of the node beyond which the monitor kills, as the report says it; absent in answers frozen before there was one. */
  nodeThresholdBytes: z.number().nullable().optional(),
  /** Who else held memory on the node, largest first; empty where the report does not say. */
  others: z.array(MemoryUserWire),
  /** The largest of the others where it held more than the victim; null where the victim was the largest user. */
  culprit: MemoryUserWire.nullable(),
  /** `event`, `state-api`, `log`, joined by +, or `metric`. */
  source: z.string(),
  /** The report; of very many kills its beginning, once all together have 8,000,000 characters. */
  message: z.string(),
});
export type OomKillWire = z.infer<typeof OomKill>;
export const OomResponse = z.object({
  /** At most 5,000 that Ray told of, and 5,000 that only a counter tells. */
  kills: z.array(OomKill),
  totals: z.object({
    kills: z.number(),
    recovered: z.number(),
    retrying: z.number(),
    lost: z.number(),
    idle: z.number(),
    unknown: z.number(),
  }),
  /** True where more kills matched than are listed. */
  limited: z.boolean(),
  notices: z.array(SourceNotice),
});
export type OomWire = z.infer<typeof OomResponse>;
export const oomRoute = defineRoute(oomAddress, {
  query: inOrder(
    z.strictObject({
      job: Name.optional(),
      cluster: Name.optional(),
      session: Name.optional(),
      from: Timestamp.optional(),
      to: Timestamp.optional(),
    }),
  ),
  response: OomResponse,
});
