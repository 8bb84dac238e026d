/** Collective communication over time: bus bandwidth per communicator, time per rank, and which rank the others wait for. */
import { z } from 'zod';
import { inWindow, Name, PathName, WholeNumber } from './parameters.ts';
import { collectivesAddress, ranksAddress } from './requests/addresses.ts';
import { defineRoute } from './route.ts';
import { NsText, SeriesGridWire, SourceNotice, Timestamp } from './wire-values.ts';

/** `nccl-inspector`: Prometheus gauges, means over a dump interval. `spans`: every operation of every rank. */
const Source = z.enum(['nccl-inspector', 'spans']);

/** Where a rank is, as far as labels and attributes tell. */
const Location = {
  /** Rank in the communicator, from spans; `<node>/GPU<n>` from Inspector, which has no rank label. */
  rank: z.string(),
  /** Rank in the whole job, where it differs from the rank in the communicator. */
  globalRank: z.string().nullable(),
  host: z.string().nullable(),
  /** `GPU3`, or a UUID where nothing tells its index. */
  gpu: z.string().nullable(),
  gpuIndex: z.number().nullable(),
  nodeIp: z.string().nullable(),
  nodeId: z.string().nullable(),
  session: z.string().nullable(),
};

/** How late a rank is, or the ranks of a host together. */
const Lateness = {
  /** How much longer the median of the other ranks was inside: the mean time they waited, ns. */
  latenessNs: NsText,
  /** Share of operations (spans) or dump intervals (Inspector) in which it was last, since `sinceNs` or over the window. */
  share: z.number(),
  of: z.enum(['operations', 'intervals']),
  /** From when on it is last most of the time; null where it comes and goes. */
  sinceNs: NsText.nullable(),
  /** Upper bound of the chance of such a lead where nobody is late (lib/analysis/late-rank.ts). */
  chance: z.number(),
  /** Its mean time over the median of the others'. */
  relative: z.number(),
};

export const LateRank = z.object({ ...Location, ...Lateness });
export type LateRankWire = z.infer<typeof LateRank>;

/** All ranks of one host, late together. */
export const LateHost = z.object({
  host: z.string(),
  nodeIp: Location.nodeIp,
  nodeId: Location.nodeId,
  session: Location.session,
  /** Ranks of this communicator on it. */
  ranks: z.number(),
  ...Lateness,
});

/** What can be said about lateness: a rank is late, a whole host is, nobody is beyond noise, or why it cannot be told. */
export const LatenessVerdict = z.object({
  verdict: z.enum(['late-rank', 'late-host', 'no-late-rank', 'cannot-tell']),
  reason: z.string().nullable(),
  lateRank: LateRank.nullable(),
  lateHost: LateHost.nullable(),
  /** On how much of the communicator the verdict rests; null where nothing can be judged, and from Inspector, which counts no operations. */
  coverage: z
    .object({
      /** Operations that were judged: those of a function that all ranks leave together, with the span of every rank. */
      operations: z.number(),
      allOperations: z.number(),
      /** Share of the time that all ranks spent in all operations. Under 0.2 nobody is accused and nobody acquitted. */
      timeShare: z.number(),
    })
    .nullable(),
});

export type LatenessVerdictWire = z.infer<typeof LatenessVerdict>;

/** A port of the network that is slower than it was, or receives damaged packets (node_exporter's infiniband collector). */
export const BadPort = z.object({
  host: z.string(),
  /** `mlx5_3` */
  device: z.string(),
  port: z.string(),
  /** GB/s now and before, where it is slower; null where it is not. */
  rateGBs: z.number().nullable(),
  fullRateGBs: z.number().nullable(),
  /** Damaged packets received per second, over five minutes; null where under one. */
  errorsPerSecond: z.number().nullable(),
});
export type BadPortWire = z.infer<typeof BadPort>;

/** No operation has ended since `sinceNs`, though its ranks still run (lib/analysis/hang.ts). */
export const Hang = z.object({
  /** End of its last operation. */
  sinceNs: NsText,
  /** Median time from one end to the next before. */
  usualGapNs: NsText,
  /** Ranks that sent their last span before all others did: they never joined. Empty where none stands out. */
  silent: z.array(z.object({ ...Location, lastSpanNs: NsText })),
});
export type HangWire = z.infer<typeof Hang>;

export const Communicator = z.object({
  /** Take it as it is for /api/collectives/ranks. */
  id: z.string(),
  name: z.string(),
  source: Source,
  cluster: z.string().nullable(),
  ranks: z.number().nullable(),
  /** Ranks that reported in the window. */
  reporting: z.number(),
  nodes: z.number().nullable(),
  collectives: z.array(z.string()),
  /** Powers of two; a message belongs to the largest that is no more than it. */
  messageSizesBytes: z.array(z.number()),
  /** Operations in the window; null from Inspector, which counts none. */
  operations: z.number().nullable(),
  /** Start of the first of them, which tells two runs with one name apart; null from Inspector. */
  firstNs: NsText.nullable(),
  /** GB/s (1e9 B/s), newest sample of the largest message of `collective`; over the ranks. */
  busbwNow: z
    .object({
      collective: z.string(),
      messageSizeBytes: z.number(),
      min: z.number(),
      median: z.number(),
      max: z.number(),
      timeMs: z.number(),
    })
    .nullable(),
  /**
   * The transfer itself gives less than 0.7 of what it used to in this window (lib/analysis/slow-transfer.ts): bandwidth of the
   * rank that waits least, GB/s. `share` of the moments since then are that slow; `now` is the median of those. null: it does not,
   * or too little of the window is on either side to tell.
   */
  slowTransfer: z
    .object({
      sinceNs: NsText,
      collective: z.string(),
      usual: z.number(),
      now: z.number(),
      ratio: z.number(),
      share: z.number(),
    })
    .nullable(),
  /** Bad ports of its hosts, where its transfer is slow; at most 16. */
  badPorts: z.array(BadPort),
  /** Inspector's gauges stand still since then: what is shown after it is the last value, not a measurement. */
  frozenSinceNs: NsText.nullable(),
  /** From spans only. */
  standstill: Hang.nullable(),
  ...LatenessVerdict.shape,
});
export type CommunicatorWire = z.infer<typeof Communicator>;

export const CollectivesResponse = z.object({
  /** At most 500 from spans, those with the most ranks and operations. Those that stand still first, of these those whose silent rank is known; then those with a late rank or host, the longest wait first; then those with a slow transfer, the slowest first. */
  communicators: z.array(Communicator),
  /**
   * GB/s; labels `communicator` (id), `collective`, `message_size` (bytes, a power of two). The median over ranks, so that one
   * rank is no spike; it contains waiting for late ranks.
   */
  busbw: SeriesGridWire,
  /** The most over ranks, same labels: the rank that waits least shows what the wire can do. */
  wireBusbw: SeriesGridWire,
  notices: z.array(SourceNotice),
});
export type CollectivesWire = z.infer<typeof CollectivesResponse>;
export const collectivesRoute = defineRoute(collectivesAddress, {
  query: inWindow(
    z.strictObject({
      cluster: Name.optional(),
      session: Name.optional(),
      from: Timestamp,
      to: Timestamp,
      points: WholeNumber(2, 4000).default(300),
    }),
  ),
  response: CollectivesResponse,
});

export const Rank = z.object({
  ...Location,
  workerId: z.string().nullable(),
  /** Trace of its newest operation. */
  traceId: z.string().nullable(),
  /** Mean execution time per bin, us: the rank that waits least arrives last. */
  execTimeUs: z.array(z.number().nullable()),
  /** Bus bandwidth per bin, GB/s; contains waiting. */
  busbwGBs: z.array(z.number().nullable()),
  meanExecTimeUs: z.number().nullable(),
  /** Mean time this rank waited for the last one: its time minus the shortest of the operation, us. */
  meanWaitUs: z.number().nullable(),
  /** Mean of the shortest times, us; from Inspector an upper bound, as a mean over an interval. */
  meanTransferUs: z.number().nullable(),
  /** Share of operations or intervals in which it was last. */
  lastShare: z.number().nullable(),
  isLate: z.boolean(),
});
export type RankWire = z.infer<typeof Rank>;

export const RanksResponse = z.object({
  communicator: z.string(),
  name: z.string(),
  collective: z.string(),
  source: Source,
  /** The latest first, at most 4,096, and fewer where there are more than 122 points. */
  ranks: z.array(Rank),
  /** Ranks that are not listed, because they wait for the others longer than all that are. */
  omitted: z.number(),
  startMs: z.number(),
  stepMs: z.number(),
  count: z.number(),
  ...LatenessVerdict.shape,
  notices: z.array(SourceNotice),
});
export type RanksWire = z.infer<typeof RanksResponse>;
export const ranksRoute = defineRoute(ranksAddress, {
  query: inWindow(
    z.strictObject({
      communicator: PathName,
      collective: Name.default('AllReduce'),
      /** One of the communicator's `messageSizesBytes`; all sizes where absent. */
      messageSize: WholeNumber(0, Number.MAX_SAFE_INTEGER).optional(),
      cluster: Name.optional(),
      session: Name.optional(),
      from: Timestamp,
      to: Timestamp,
      points: WholeNumber(2, 2000).default(120),
    }),
  ),
  response: RanksResponse,
});
