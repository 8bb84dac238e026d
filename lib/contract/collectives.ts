/** Collective communication over time: bus bandwidth per communicator, time per rank. */
import { z } from 'zod';
import { defineRoute } from './route.ts';
import { Moment, NsText, SeriesGridWire, SourceNotice } from './wire-values.ts';

export const CollectivesResponse = z.object({
  communicators: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      /** `nccl-inspector` (Prometheus gauges, a mean over a dump interval) or `spans` (every operation). */
      source: z.enum(['nccl-inspector', 'spans']),
      ranks: z.number().nullable(),
      nodes: z.number().nullable(),
      collectives: z.array(z.string()),
      messageSizes: z.array(z.string()),
      /** GB/s (1e9 B/s), newest sample; the best and worst rank. */
      busbwNow: z.object({ min: z.number(), median: z.number(), max: z.number() }).nullable(),
      /** Ranks by how late they are: from spans, or from the shortest mean time in Inspector's gauges. */
      lateRank: z
        .object({
          rank: z.string(),
          host: z.string().nullable(),
          gpu: z.string().nullable(),
          /** Mean over the window of (arrival - first arrival), in ns. */
          latenessNs: NsText,
          /** Share of operations in which this rank arrived last. */
          share: z.number(),
        })
        .nullable(),
    }),
  ),
  /** Labels: communicator, collective, message_size. Unit GB/s; the median over ranks, so that one rank is no spike. */
  busbw: SeriesGridWire,
  notices: z.array(SourceNotice),
});
export type CollectivesWire = z.infer<typeof CollectivesResponse>;
export const collectivesRoute = defineRoute({
  path: '/api/collectives',
  query: z.strictObject({
    cluster: z.string().optional(),
    session: z.string().optional(),
    from: Moment,
    to: Moment,
    points: z.coerce.number().int().min(2).max(4000).default(300),
  }),
  response: CollectivesResponse,
});

export const RanksResponse = z.object({
  communicator: z.string(),
  collective: z.string(),
  source: z.enum(['nccl-inspector', 'spans']),
  ranks: z.array(
    z.object({
      /** Rank number from spans; `node/GPUn` from Inspector, which has no rank label. */
      rank: z.string(),
      host: z.string().nullable(),
      gpu: z.string().nullable(),
      /** Mean execution time per bin, us: the rank that waits least arrives last. */
      execTimeUs: z.array(z.number().nullable()),
      /** Bus bandwidth per bin, GB/s. */
      busbwGBs: z.array(z.number().nullable()),
      meanExecTimeUs: z.number().nullable(),
      /** Mean time this rank waited for the last one: its time minus the shortest of the operation, us. */
      meanWaitUs: z.number().nullable(),
      isLate: z.boolean(),
    }),
  ),
  startMs: z.number(),
  stepMs: z.number(),
  count: z.number(),
  notices: z.array(SourceNotice),
});
export type RanksWire = z.infer<typeof RanksResponse>;
export const ranksRoute = defineRoute({
  path: '/api/collectives/ranks',
  query: z.strictObject({
    communicator: z.string().min(1),
    collective: z.string().default('AllReduce'),
    cluster: z.string().optional(),
    session: z.string().optional(),
    from: Moment,
    to: Moment,
    points: z.coerce.number().int().min(2).max(2000).default(120),
  }),
  response: RanksResponse,
});
