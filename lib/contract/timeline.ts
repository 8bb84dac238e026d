/** What a job's timeline is drawn from: attempts in columns, phases of a window, the nodes' strips on the same clock. */
import { z } from 'zod';
import { CompletenessWire, oneJob } from './jobs.ts';
import { inOrder, inWindow, Name, SearchText } from './parameters.ts';
import { phasesAddress, stripsAddress, timelineAddress } from './requests/addresses.ts';
import { defineRoute } from './route.ts';
import { Flag, Limit, NsText, SeriesGridWire, SourceNotice, Timestamp } from './wire-values.ts';

/**
 * All attempts of a job, or of a window of it, in columns, lane by lane, each lane by start. Times are offsets in ns from `originNs` (float64
 * is exact for 104 days). One entry per attempt in every column; `function`, `lane`, `state` and `error` index the
 * tables beside them.
 */
export const TimelineResponse = z.object({
  originNs: NsText,
  fromNs: NsText,
  toNs: NsText,
  /** Now, on the server's clock: running attempts are drawn up to here. */
  nowNs: NsText,
  functions: z.array(z.string()),
  states: z.array(z.string()),
  /** Error types; the first is '' for none. */
  errors: z.array(z.string()),
  lanes: z.array(
    z.object({
      nodeId: z.string(),
      nodeName: z.string(),
      /** Of its node in the address of the timeline (`node=`); '' in shares from before it was told. */
      nodeKey: z.string().default(''),
      workerId: z.string(),
      pid: z.number().nullable(),
      actor: z.string().nullable(),
    }),
  ),
  columns: z.object({
    taskId: z.array(z.string()),
    attempt: z.array(z.number()),
    function: z.array(z.number()),
    state: z.array(z.number()),
    /** -1: never ran, no lane; not drawn but counted. */
    lane: z.array(z.number()),
    start: z.array(z.number().nullable()),
    end: z.array(z.number().nullable()),
    error: z.array(z.number()),
  }),
  /** Phases inside attempts (`task:deserialize_arguments`, `task:execute`, `task:store_outputs`): only with `phases=1`. */
  phases: z.object({
    names: z.array(z.string()),
    /** Index into the attempt columns. */
    row: z.array(z.number()),
    name: z.array(z.number()),
    start: z.array(z.number()),
    end: z.array(z.number()),
  }),
  /** Attempts in the answer. */
  matched: z.number(),
  /**
   * True where the row limit cut the answer: says so instead of hiding it. What starts after the last start is missing.
   * Of a window also where more attempts run than are known, and while much of the job waits to be indexed.
   */
  limited: z.boolean(),
  completeness: CompletenessWire,
});
export type TimelineWire = z.infer<typeof TimelineResponse>;
export const timelineRoute = defineRoute(timelineAddress, {
  query: inOrder(
    z.strictObject({
      ...oneJob,
      function: SearchText.optional(),
      state: Name.optional(),
      phases: Flag,
      /** Of a window: the attempts on a worker that touch [from, to), without those that never reached one. Either alone is open. */
      from: Timestamp.optional(),
      to: Timestamp.optional(),
      limit: Limit(200_000, 200_000),
    }),
  ),
  response: TimelineResponse,
});

/** Phases that touch a window, for slices wide enough to show them. Times are offsets in ns from `fromNs`. */
export const PhasesResponse = z.object({
  fromNs: NsText,
  names: z.array(z.string()),
  taskId: z.array(z.string()),
  attempt: z.array(z.number()),
  name: z.array(z.number()),
  start: z.array(z.number()),
  end: z.array(z.number()),
  /** True where the limit cut the answer. */
  limited: z.boolean(),
});
export type PhasesWire = z.infer<typeof PhasesResponse>;
export const phasesRoute = defineRoute(phasesAddress, {
  query: inOrder(z.strictObject({ ...oneJob, from: Timestamp, to: Timestamp, limit: Limit(50_000, 20_000) })),
  response: PhasesResponse,
});

/**
 * What the nodes of a job did in a window: a share (0..1) per node for CPU, memory and GPU; null is a gap. Labels:
 * `node` (its name, or names where several share one address) and `ip`.
 */
export const StripsResponse = z.object({
  cpu: SeriesGridWire.nullable(),
  memory: SeriesGridWire.nullable(),
  gpu: SeriesGridWire.nullable(),
  notices: z.array(SourceNotice),
});
export type StripsWire = z.infer<typeof StripsResponse>;
export const stripsRoute = defineRoute(stripsAddress, {
  query: inWindow(z.strictObject({ ...oneJob, from: Timestamp, to: Timestamp, points: Limit(2000, 300) })),
  response: StripsResponse,
});
