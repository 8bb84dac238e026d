/** Memory: heat maps of nodes and GPUs over time, and kills by Ray's memory monitor. */
import { z } from 'zod';
import { defineRoute } from './route.ts';
import { Moment, NsText, SourceNotice } from './wire-values.ts';

export const HeatmapResponse = z.object({
  by: z.enum(['node', 'gpu']),
  startMs: z.number(),
  /** Width of a bin; every bin holds the MAXIMUM of what fell into it. */
  stepMs: z.number(),
  count: z.number(),
  rows: z.array(
    z.object({
      /** Stable id, e.g. `10.0.0.1` or `10.0.0.1/gpu3`. */
      id: z.string(),
      label: z.string(),
      cluster: z.string().nullable(),
      session: z.string().nullable(),
      nodeId: z.string().nullable(),
      nodeIp: z.string().nullable(),
      gpuIndex: z.number().nullable(),
      capacityBytes: z.number().nullable(),
      /** Bytes used per bin; null: nothing was measured. Zero is a measurement. */
      usedBytes: z.array(z.number().nullable()),
    }),
  ),
  kills: z.array(z.object({ timeNs: NsText, rowId: z.string().nullable(), name: z.string(), kind: z.string() })),
  notices: z.array(SourceNotice),
});
export type HeatmapWire = z.infer<typeof HeatmapResponse>;
export const heatmapRoute = defineRoute({
  path: '/api/memory/heatmap',
  query: z.strictObject({
    by: z.enum(['node', 'gpu']).default('node'),
    cluster: z.string().optional(),
    session: z.string().optional(),
    from: Moment,
    to: Moment,
    /** Most bins wanted (pixels). */
    bins: z.coerce.number().int().min(1).max(4000).default(400),
  }),
  response: HeatmapResponse,
});

export const OomKill = z.object({
  cluster: z.string(),
  session: z.string(),
  timeNs: NsText,
  kind: z.enum(['task', 'actor', 'idle_worker', 'driver']),
  /** Function or actor that was killed: the victim, not necessarily the culprit. */
  name: z.string(),
  jobId: z.string().nullable(),
  taskId: z.string().nullable(),
  attempt: z.number().nullable(),
  actorId: z.string().nullable(),
  nodeId: z.string().nullable(),
  nodeIp: z.string().nullable(),
  workerId: z.string().nullable(),
  pid: z.number().nullable(),
  usedBytes: z.number().nullable(),
  nodeUsedBytes: z.number().nullable(),
  nodeTotalBytes: z.number().nullable(),
  source: z.string(),
  message: z.string(),
});
export type OomKillWire = z.infer<typeof OomKill>;
export const OomResponse = z.object({ kills: z.array(OomKill), notices: z.array(SourceNotice) });
export type OomWire = z.infer<typeof OomResponse>;
export const oomRoute = defineRoute({
  path: '/api/memory/oom',
  query: z.strictObject({
    job: z.string().optional(),
    cluster: z.string().optional(),
    session: z.string().optional(),
    from: Moment.optional(),
    to: Moment.optional(),
  }),
  response: OomResponse,
});
