/** The timeline at scale: lanes of a job, tiles of them (lib/model/timeline-tile.ts), the attempts behind. */
import { z } from 'zod';
import { oneJob } from './jobs.ts';
import { DecimalNumber, DurationNs, inOrder, Key, Keys, SearchText, WholeNumber } from './parameters.ts';
import {
  timelineFirstPictureAddress,
  timelineLanesAddress,
  timelineSlicesAddress,
  timelineSumsAddress,
  timelineTileAddress,
} from './requests/addresses.ts';
import { defineRoute } from './route.ts';
import { Flag, Limit, NsText, Timestamp } from './wire-values.ts';

/** Which attempts count: applied by the server, on slices that ended. */
const sliceFilter = {
  /** Name of a function. */
  function: SearchText.optional(),
  state: z.enum(['FINISHED', 'FAILED']).optional(),
  /** At least, at most this long, ns. */
  longer: DurationNs.optional(),
  shorter: DurationNs.optional(),
  /** In the function's name, the error's type, or the beginning of the task id. */
  text: z.string().max(200).optional(),
  /** Key of a node, as the lanes answer names it. */
  node: Key.optional(),
  /** Class of an actor, or its id. */
  actor: z.string().max(200).optional(),
};
export const LANE_SORTS = ['node', 'failure', 'longest', 'name'] as const;

/** Lanes in the order asked for, in columns; attempts that never reached a worker are on none. */
export const TimelineLanesResponse = z.object({
  /** First start and last end of all that ran, filters or not; null where nothing ran. */
  fromNs: NsText.nullable(),
  toNs: NsText.nullable(),
  nowNs: NsText,
  /** Of ended attempts, by name. */
  functions: z.array(z.string()),
  nodes: z.array(z.object({ nodeId: z.string(), nodeName: z.string(), key: z.string() })),
  lanes: z.object({
    /** What `lanes` of a tile takes. */
    key: z.array(z.string()),
    /** Place in `nodes`; lanes of one node follow each other. */
    node: z.array(z.number()),
    workerId: z.array(z.string()),
    pid: z.array(z.number().nullable()),
    actor: z.array(z.string().nullable()),
    /** Slices of one worker that overlap stand on lanes of other depth. */
    depth: z.array(z.number()),
    tasks: z.array(z.number()),
    failures: z.array(z.number()),
    longestNs: z.array(NsText),
  }),
  /** Attempts that still run: on no tile. */
  running: z.array(
    z.object({ lane: z.number(), taskId: z.string(), attempt: z.number(), function: z.string(), startNs: NsText }),
  ),
  /** Changes with the ended attempts: tiles of the past whose address names it may be kept. */
  version: z.string(),
  /** True while much of the job waits to be kept: lanes and tiles do not hold all of it yet. */
  isBeingMade: z.boolean(),
  /** Ended attempts that the filter leaves, and of these, failed. */
  matched: z.number(),
  failures: z.number(),
  /** Of `matched`, those that overlap more than 256 deep on their worker: in sums and slices, on no lane. Absent in old shares. */
  deeper: z.number().optional(),
  /** What the answer leaves out. Absent in old shares. */
  omitted: z
    .object({
      /** Lanes beyond the first 20,000, which tiles can be asked of all the same. */
      lanes: z.number(),
      /** True where more attempts run than the 10,000 in `running`, more functions have names than the 2,000 in `functions`. */
      moreRunning: z.boolean(),
      moreFunctions: z.boolean(),
    })
    .optional(),
});
export type TimelineLanesWire = z.infer<typeof TimelineLanesResponse>;
export const timelineLanesRoute = defineRoute(timelineLanesAddress, {
  query: z.strictObject({ ...oneJob, ...sliceFilter, order: z.enum(LANE_SORTS).default('node') }),
  response: TimelineLanesResponse,
});

/** Keys of one tile: more do not fit an address. */
const MOST_KEYS = 2000;

/** Answers application/gzip, not JSON. */
export const timelineTileRoute = defineRoute(timelineTileAddress, {
  query: inOrder(
    z.strictObject({
      ...oneJob,
      ...sliceFilter,
      from: Timestamp,
      to: Timestamp,
      /** log2 of ns per bucket; `from` is cut down and `to` up to whole buckets. */
      resolution: WholeNumber(0, 48),
      /** Keys of lanes, in the order of the answer's. */
      lanes: Keys(MOST_KEYS).optional(),
      /** Keys of nodes, each answered as one lane of all its lanes; they stand behind `lanes`. */
      nodes: Keys(MOST_KEYS).optional(),
      /** All lanes of the job as one more lane, behind the nodes. */
      all: Flag,
      /** Exact start, duration and task hash of every entry. */
      exact: Flag,
      /** `version` of the lanes answer: with it, tiles of the past are cached for long. */
      version: z.string().max(64).optional(),
    }),
  ),
  response: z.instanceof(Uint8Array),
});

/**
 * The tile that a page with lanes of `pixels` device px will ask for first: all of the job, the first lanes by node. Its
 * address as a request for a tile stands in the header `x-tile`. 204 where the job is small enough for one answer.
 */
export const timelineFirstTileRoute = defineRoute(
  { path: '/api/jobs/{jobId}/timeline/first-tile', parameters: ['jobId', 'cluster', 'session', 'pixels'] },
  {
    query: z.strictObject({ ...oneJob, pixels: WholeNumber(50, 16_384) }),
    response: z.instanceof(Uint8Array),
  },
);

/**
 * A picture of that tile with axis and names, for a page to show until its scripts are there: image/svg+xml. `width`: CSS px of
 * the timeline, `windowHeight`: of the browser's window. 204 as above.
 */
export const timelineFirstPictureRoute = defineRoute(timelineFirstPictureAddress, {
  query: z.strictObject({
    ...oneJob,
    width: WholeNumber(200, 2048),
    windowHeight: WholeNumber(100, 2400),
    /** Device px per CSS px; below 1 where the browser is zoomed out. */
    scale: DecimalNumber(0.1, 2).default(1),
    theme: z.enum(['dark', 'light']).default('dark'),
  }),
  response: z.string(),
});

/** Ended attempts of a window, or of one lane: what stands behind the slices of a tile. */
export const TimelineSlicesResponse = z.object({
  slices: z.array(
    z.object({
      taskId: z.string(),
      attempt: z.number(),
      function: z.string(),
      state: z.enum(['FINISHED', 'FAILED']),
      error: z.string().nullable(),
      lane: z.string(),
      startNs: NsText,
      endNs: NsText,
    }),
  ),
  /** True where the limit cut the answer. */
  limited: z.boolean(),
});
export type TimelineSlicesWire = z.infer<typeof TimelineSlicesResponse>;
export const timelineSlicesRoute = defineRoute(timelineSlicesAddress, {
  query: inOrder(
    z.strictObject({
      ...oneJob,
      ...sliceFilter,
      lane: Key.optional(),
      from: Timestamp.optional(),
      to: Timestamp.optional(),
      /** Start at or after, at or before. */
      startFrom: Timestamp.optional(),
      startTo: Timestamp.optional(),
      /** By start, the latest start first, the longest first. */
      sort: z.enum(['start', 'latest', 'longest']).default('start'),
      /** Attempts to leave out before the first. */
      offset: WholeNumber(0, 1_000_000).default(0),
      limit: Limit(1000, 100),
    }),
  ),
  response: TimelineSlicesResponse,
});

/** What ran in a window, by function: ended attempts that touch it, with their whole durations; largest total first. */
export const TimelineSumsResponse = z.object({
  functions: z.array(
    z.object({
      function: z.string(),
      count: z.number(),
      failures: z.number(),
      totalNs: NsText,
      /** Quantiles by nearest rank. */
      p50Ns: NsText,
      p95Ns: NsText,
      maxNs: NsText,
    }),
  ),
  count: z.number(),
  failures: z.number(),
  /** True where there are more functions than the answer holds: those with the smallest totals are left out. */
  limited: z.boolean(),
});
export type TimelineSumsWire = z.infer<typeof TimelineSumsResponse>;
export const timelineSumsRoute = defineRoute(timelineSumsAddress, {
  query: inOrder(
    z.strictObject({
      ...oneJob,
      ...sliceFilter,
      from: Timestamp.optional(),
      to: Timestamp.optional(),
      /** As in requests for tiles. */
      version: z.string().max(64).optional(),
      limit: Limit(5000, 1000),
    }),
  ),
  response: TimelineSumsResponse,
});
