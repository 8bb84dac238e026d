/** Use cases of the timeline at scale: lanes, tiles, the attempts behind slices. */
import type { z } from 'zod';
import type {
  TimelineLanesWire,
  TimelineSlicesWire,
  timelineLanesRoute,
  timelineSlicesRoute,
  timelineTileRoute,
} from '../contract/timeline-tile.ts';
import { CARRY, encodeTile, packLength, type TimelineTile } from '../model/timeline-tile.ts';
import { actorClasses, nodeNames } from '../store/queries/timeline.ts';
import {
  currentLanes,
  filteredLaneSums,
  type LaneSums,
  slicesByLength,
  slicesByStart,
  TILE_ROW_BYTES,
  tileOfLevels,
  tileOfSlices,
  timelineFunctions,
  timelineLaneSums,
} from '../store/queries/timeline-tile.ts';
import { LEVELS } from '../store/schema/timeline.ts';
import { dictionary } from './dictionary.ts';
import { type JobQuery, resolveJob } from './jobs.ts';
import { ProblemError } from './problem.ts';
import type { Runtime } from './runtime.ts';
import { nodeHash } from './timeline-keeper.ts';

const FOREVER = 9_223_372_036_854_775_807n;
/** Rows that one tile may be made of. */
const ROWS = 2_000_000;
/** A window that ended so long ago is in the past on every clock that is right to a minute. */
const PAST_MS = 60_000;
/** Time of one tile in the store. */
const TILE_MS = 10_000;
/** Words of a row (TILE_ROW_BYTES): the first two of 64 bits, the others of 32. */
const F64 = { start: 0, duration: 1, words: TILE_ROW_BYTES / 8 } as const;
const U32 = {
  functionLow: 4,
  functionHigh: 5,
  task: 6,
  lane: 8,
  bucket: 9,
  tasks: 10,
  failures: 11,
  words: TILE_ROW_BYTES / 4,
} as const;

interface Filter {
  readonly function?: string | undefined;
  readonly state?: 'FINISHED' | 'FAILED' | undefined;
  readonly longer?: string | undefined;
  readonly shorter?: string | undefined;
  readonly text?: string | undefined;
}

const filterOf = (query: Filter) => ({
  function: query.function ?? '',
  outcome: query.state === undefined ? -1 : query.state === 'FAILED' ? 1 : 0,
  longer: query.longer ?? '-9223372036854775807',
  shorter: query.shorter ?? FOREVER.toString(),
  text: query.text ?? '',
});
const isPlain = (query: Filter): boolean =>
  [query.function, query.state, query.longer, query.shorter, query.text].every(
    (value) => value === undefined || value === '',
  );

const keyOf = (hash: bigint): string => hash.toString(16).padStart(16, '0');
const hashOf = (key: string): bigint => BigInt(`0x${key}`);

type Compare<T> = (a: T, b: T) => number;
const natural = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });
const byBig = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

interface NamedLane extends LaneSums {
  readonly nodeName: string;
  readonly actor: string | null;
}

const compareLanes: Compare<NamedLane> = (a, b) =>
  natural(a.actor ?? '', b.actor ?? '') ||
  Number(a.worker_pid ?? 0) - Number(b.worker_pid ?? 0) ||
  natural(a.worker_id, b.worker_id) ||
  a.depth - b.depth;

/** What a lane, and the best of its lanes a node, is sorted by before names: smaller first. */
function rankOf(order: 'node' | 'failure' | 'longest' | 'name', lane: LaneSums): bigint {
  if (order === 'failure') return BigInt(lane.first_failure_ns);
  if (order === 'longest') return -BigInt(lane.longest_ns);
  return 0n;
}

function sortLanes(lanes: readonly NamedLane[], order: 'node' | 'failure' | 'longest' | 'name'): readonly NamedLane[] {
  const best = new Map<string, bigint>();
  for (const lane of lanes) {
    const rank = rankOf(order, lane);
    const before = best.get(lane.node_id);
    if (before === undefined || rank < before) best.set(lane.node_id, rank);
  }
  return [...lanes].sort(
    (a, b) =>
      byBig(best.get(a.node_id) ?? 0n, best.get(b.node_id) ?? 0n) ||
      natural(a.nodeName, b.nodeName) ||
      natural(a.node_id, b.node_id) ||
      (order === 'name' ? 0 : byBig(rankOf(order, a), rankOf(order, b))) ||
      compareLanes(a, b),
  );
}

export async function getTimelineLanes(
  runtime: Runtime,
  query: z.output<typeof timelineLanesRoute.query>,
  signal?: AbortSignal,
): Promise<TimelineLanesWire> {
  const job = await resolveJob(runtime, query);
  const which = { session: job.session, job: job.job_id };
  const options = signal ? { signal } : {};
  const [all, matching, functions, nodes, actors] = await Promise.all([
    runtime.engine.select(timelineLaneSums, which, options),
    isPlain(query) ? null : runtime.engine.select(filteredLaneSums, { ...which, ...filterOf(query) }, options),
    runtime.engine.select(timelineFunctions, which, options),
    runtime.engine.select(nodeNames, { session: job.session }, options),
    runtime.engine.select(actorClasses, which, options),
  ]);
  const nodeName = new Map(nodes.map((node) => [node.node_id, node.name || node.ip || node.node_id.slice(0, 8)]));
  const actorClass = new Map(actors.map((actor) => [actor.actor_id, actor.class_name]));
  const running = isPlain(query) ? runtime.timelines.open(job.session, job.job_id) : [];
  const rows = matching ?? all;
  const known = new Set(rows.map((lane) => `${lane.node_id}/${lane.worker_id}`));
  const bare: LaneSums[] = [];
  for (const slice of running) {
    const worker = `${slice.nodeId}/${slice.workerId}`;
    if (known.has(worker)) continue;
    known.add(worker);
    bare.push({
      node: nodeHash(slice.nodeId),
      lane: 0n,
      node_id: slice.nodeId,
      worker_id: slice.workerId,
      worker_pid: slice.workerPid,
      actor_id: slice.actorId,
      depth: 0,
      tasks: 0,
      failures: 0,
      first_ns: FOREVER.toString(),
      last_ns: '0',
      first_failure_ns: FOREVER.toString(),
      longest_ns: '0',
    });
  }
  const named = [...rows, ...bare].map((lane) => ({
    ...lane,
    nodeName: nodeName.get(lane.node_id) ?? lane.node_id.slice(0, 8),
    actor: lane.actor_id === '' ? null : (actorClass.get(lane.actor_id) ?? lane.actor_id),
  }));
  const sorted = sortLanes(named, query.order);
  const nodeAt = new Map<string, number>();
  const nodeList: TimelineLanesWire['nodes'] = [];
  const place = new Map<string, number>();
  sorted.forEach((lane, index) => {
    if (!nodeAt.has(lane.node_id)) {
      nodeAt.set(lane.node_id, nodeList.length);
      nodeList.push({ nodeId: lane.node_id, nodeName: lane.nodeName, key: keyOf(lane.node) });
    }
    const worker = `${lane.node_id}/${lane.worker_id}`;
    if (!place.has(worker)) place.set(worker, index);
  });
  let [from, to] = [FOREVER, 0n];
  for (const lane of all) {
    if (BigInt(lane.first_ns) < from) from = BigInt(lane.first_ns);
    if (BigInt(lane.last_ns) > to) to = BigInt(lane.last_ns);
  }
  const now = BigInt(Date.now()) * 1_000_000n;
  for (const slice of running) {
    if (slice.startNs < from) from = slice.startNs;
    if (now > to) to = now;
  }
  return {
    fromNs: from === FOREVER ? null : from.toString(),
    toNs: from === FOREVER ? null : to.toString(),
    nowNs: now.toString(),
    functions: functions.map(({ name }) => name),
    nodes: nodeList,
    lanes: {
      key: sorted.map(({ lane }) => keyOf(lane)),
      node: sorted.map(({ node_id }) => nodeAt.get(node_id) ?? 0),
      workerId: sorted.map(({ worker_id }) => worker_id),
      pid: sorted.map(({ worker_pid }) => (worker_pid === null ? null : Number(worker_pid))),
      actor: sorted.map(({ actor }) => actor),
      depth: sorted.map(({ depth }) => depth),
      tasks: sorted.map(({ tasks }) => tasks),
      failures: sorted.map(({ failures }) => failures),
      longestNs: sorted.map(({ longest_ns }) => longest_ns),
    },
    running: running.map((slice) => ({
      lane: place.get(`${slice.nodeId}/${slice.workerId}`) ?? -1,
      taskId: slice.taskId,
      attempt: slice.attempt,
      function: slice.functionName,
      startNs: slice.startNs.toString(),
    })),
    version: `${all.reduce((sum, lane) => sum + lane.tasks, 0)}-${all.length}-${all[0]?.lane.toString(16) ?? ''}`,
    matched: rows.reduce((sum, lane) => sum + lane.tasks, 0),
    failures: rows.reduce((sum, lane) => sum + lane.failures, 0),
  };
}

/** What tiles of a job need to know besides rows; it only grows, so it is asked for again where something is missing. */
interface JobNames {
  readonly nodeOf: Map<bigint, bigint>;
  current: ReadonlyMap<bigint, bigint>;
  asked: number;
  readonly functions: Map<number, string>;
}
/** 53 bits of the hash of a function, without the byte that says how the slice ended. */
const functionKey = (low: number, high: number): number => high * 2 ** 21 + (low >>> 11);
const JOBS_KNOWN = 100;
/** Lanes of whole nodes may be this old, ms; those named by the caller are looked up when they are missing. */
const LANES_FRESH_MS = 2_000;
const jobNames = new WeakMap<Runtime['engine'], Map<string, JobNames>>();

/** A job that was found stays what it is; whether its id is ambiguous is looked up again after a while. */
const FOUND_MS = 10_000;
const found = new WeakMap<
  Runtime['engine'],
  Map<string, { readonly at: number; readonly session: string; readonly job: string }>
>();

async function jobOf(runtime: Runtime, query: JobQuery) {
  const jobs = found.get(runtime.engine) ?? new Map();
  found.set(runtime.engine, jobs);
  const key = JSON.stringify([query.jobId, query.session ?? null, query.cluster ?? null]);
  const known = jobs.get(key);
  if (known && performance.now() - known.at < FOUND_MS) return { session: known.session, job: known.job };
  const job = await resolveJob(runtime, query);
  if (jobs.size > JOBS_KNOWN) jobs.clear();
  jobs.set(key, { at: performance.now(), session: job.session, job: job.job_id });
  return { session: job.session, job: job.job_id };
}

async function knownLanes(
  runtime: Runtime,
  which: { readonly session: string; readonly job: string },
  wanted: readonly bigint[],
  wantsAll: boolean,
) {
  const { engine } = runtime;
  const jobs = jobNames.get(engine) ?? new Map<string, JobNames>();
  jobNames.set(engine, jobs);
  const key = `${which.session}/${which.job}`;
  const known: JobNames = jobs.get(key) ?? { nodeOf: new Map(), current: new Map(), asked: 0, functions: new Map() };
  jobs.delete(key);
  jobs.set(key, known);
  const [oldest] = jobs.keys();
  if (jobs.size > JOBS_KNOWN && oldest !== undefined) jobs.delete(oldest);
  const isOld = performance.now() - known.asked > LANES_FRESH_MS || known.asked === 0;
  if ((wantsAll && isOld) || wanted.some((lane) => !known.nodeOf.has(lane))) {
    const rows = await engine.select(currentLanes, which);
    known.current = new Map(rows.map(({ lane, node }) => [lane, node]));
    for (const [lane, node] of known.current) known.nodeOf.set(lane, node);
    known.asked = performance.now();
  }
  return {
    nodeOf: known.nodeOf as ReadonlyMap<bigint, bigint>,
    current: known.current,
    /** Names of the functions in rows of a tile. */
    async names(words: Uint32Array): Promise<ReadonlyMap<number, string>> {
      for (let at = 0; at < words.length; at += U32.words) {
        if (known.functions.has(functionKey(words[at + U32.functionLow] ?? 0, words[at + U32.functionHigh] ?? 0)))
          continue;
        for (const { hash, name } of await engine.select(timelineFunctions, which))
          known.functions.set(functionKey(Number(hash & 0xffffffffn), Number(hash >> 32n)), name);
        break;
      }
      return known.functions;
    },
  };
}

interface Answer {
  readonly body: Uint8Array<ArrayBuffer>;
  /** True where the address names the version of the job's slices, and the window lies in the past. */
  readonly isFinal: boolean;
}

/** Throws ProblemError where more is asked for than one tile may hold. */
export async function getTimelineTile(
  runtime: Runtime,
  query: z.output<typeof timelineTileRoute.query> & JobQuery,
  signal?: AbortSignal,
): Promise<Answer> {
  const wide = BigInt(query.resolution);
  const first = query.from >> wide;
  const last = (query.to + (1n << wide) - 1n) >> wide;
  const buckets = Number(last - first);
  if (buckets <= 0)
    throw new ProblemError(
      'invalid-parameter',
      `parameter "to" is ${query.to}: it must be after "from", ${query.from}`,
    );
  if (buckets > 65_536)
    throw new ProblemError(
      'invalid-parameter',
      `parameter "resolution" is ${query.resolution}: that makes ${buckets} buckets, a tile has at most 65536`,
    );
  const which = await jobOf(runtime, query);
  const options = { timeoutMs: TILE_MS, maxRows: ROWS, ...(signal ? { signal } : {}) };
  const laneKeys = query.lanes ?? [];
  const nodeKeys = query.nodes ?? [];
  const known = await knownLanes(runtime, which, laneKeys.map(hashOf), nodeKeys.length > 0);
  const targets = new Map<bigint, number[]>();
  const aim = (lane: bigint, target: number) => {
    const all = targets.get(lane);
    if (all) all.push(target);
    else targets.set(lane, [target]);
  };
  laneKeys.forEach((key, index) => {
    aim(hashOf(key), index);
  });
  const groupAt = new Map(nodeKeys.map((key, index) => [hashOf(key), laneKeys.length + index]));
  if (groupAt.size > 0)
    for (const [lane, node] of known.current) {
      const group = groupAt.get(node);
      if (group !== undefined) aim(lane, group);
    }
  const lanes = [...targets.keys()].filter((lane) => known.nodeOf.has(lane));
  const level = LEVELS.findLast((one) => one <= query.resolution);
  const plain = isPlain(query);
  const common = {
    ...which,
    nodes: [...new Set(lanes.map((lane) => known.nodeOf.get(lane) ?? 0n))],
    lanes,
    places: lanes.map((_, place) => place),
    first,
    from: first << wide,
    least: 1n << wide,
  };
  const answered =
    lanes.length === 0
      ? new Uint8Array(0)
      : plain && level !== undefined
        ? await runtime.engine.selectBytes(
            tileOfLevels,
            { ...common, last, level, up: query.resolution - level },
            options,
          )
        : await runtime.engine.selectBytes(
            tileOfSlices,
            {
              ...common,
              ...filterOf(query),
              resolution: query.resolution,
              to: last << wide,
              back: plain ? (first << wide) - (1n << BigInt(LEVELS[0])) : 0n,
              plain: plain ? 1 : 0,
            },
            options,
          );
  // Typed arrays want whole words, which the engine's buffer need not begin on.
  const bytes = answered.byteOffset % 8 === 0 ? answered : answered.slice();
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const tile = tileOf(words, await known.names(words), {
    originNs: first << wide,
    resolution: query.resolution,
    buckets,
    lanes: laneKeys.length + nodeKeys.length,
    groupsFrom: laneKeys.length,
    targets: lanes.map((lane) => targets.get(lane) ?? []),
    isExact: query.exact === true,
  });
  const isPast = query.to <= BigInt(Date.now() - PAST_MS) * 1_000_000n;
  return { body: encodeTile(tile), isFinal: query.version !== undefined && isPast };
}

interface Frame {
  readonly originNs: bigint;
  readonly resolution: number;
  readonly buckets: number;
  readonly lanes: number;
  readonly groupsFrom: number;
  /** Lanes of the tile that a place in the rows counts for. */
  readonly targets: readonly (readonly number[])[];
  readonly isExact: boolean;
}

/**
 * Rows of the store as a tile. Every lane has a place for its carry and one for each bucket; a place holds the row that
 * won it. Work: rows, and lanes times buckets.
 */
function tileOf(words: Uint32Array, names: ReadonlyMap<number, string>, frame: Frame): TimelineTile {
  const numbers = new Float64Array(words.buffer, words.byteOffset, words.length / 2);
  const hashes = new BigUint64Array(words.buffer, words.byteOffset, words.length / 2);
  const rows = words.length / U32.words;
  const wide = frame.buckets + 1;
  const places = frame.lanes * wide;
  const won = new Int32Array(places).fill(-1);
  const tasks = new Uint32Array(places);
  const failures = new Uint32Array(places);
  const busy = frame.groupsFrom < frame.lanes ? new Uint16Array(places) : null;
  const startOf = (row: number): number => numbers[row * F64.words + F64.start] ?? 0;
  const durationOf = (row: number): number => numbers[row * F64.words + F64.duration] ?? 0;
  /** The order of `longest` in the store. */
  const longer = (a: number, b: number): boolean => {
    if (durationOf(a) !== durationOf(b)) return durationOf(a) > durationOf(b);
    if (startOf(a) !== startOf(b)) return startOf(a) < startOf(b);
    const [x, y] = [a * F64.words, b * F64.words];
    if (hashes[x + 2] !== hashes[y + 2]) return (hashes[x + 2] ?? 0n) > (hashes[y + 2] ?? 0n);
    return (hashes[x + 3] ?? 0n) > (hashes[y + 3] ?? 0n);
  };
  const width = 2 ** frame.resolution;
  for (let row = 0; row < rows; row++) {
    const at = row * U32.words;
    const bucket = words[at + U32.bucket] ?? 0;
    for (const lane of frame.targets[words[at + U32.lane] ?? 0] ?? []) {
      const place = lane * wide + (bucket === CARRY ? 0 : bucket + 1);
      if (won[place] === -1 || longer(row, won[place] ?? 0)) won[place] = row;
      tasks[place] = (tasks[place] ?? 0) + (words[at + U32.tasks] ?? 0);
      failures[place] = (failures[place] ?? 0) + (words[at + U32.failures] ?? 0);
      if (busy === null || lane < frame.groupsFrom) continue;
      const from = bucket === CARRY ? 0 : bucket;
      const end = startOf(row) + durationOf(row);
      const until = Math.min(frame.buckets - 1, Math.max(from, Math.ceil(end / width) - 1));
      for (let one = from; one <= until; one++) {
        const there = lane * wide + one + 1;
        busy[there] = Math.min(65_535, (busy[there] ?? 0) + 1);
      }
    }
  }
  const begin = new Uint32Array(frame.lanes + 1);
  let entries = 0;
  for (let place = 0; place < places; place++) {
    if (place % wide === 0) begin[place / wide] = entries;
    if (won[place] !== -1 || (busy?.[place] ?? 0) > 0) entries++;
  }
  begin[frame.lanes] = entries;
  const tile = {
    bucket: new Uint32Array(entries),
    tasks: new Uint32Array(entries),
    failures: new Uint32Array(entries),
    busy: new Uint16Array(entries),
    function: new Uint16Array(entries),
    state: new Uint8Array(entries),
    place: new Uint8Array(entries),
    length: new Uint16Array(entries),
  };
  const [index, start, duration, task]: [number[], number[], number[], bigint[]] = [[], [], [], []];
  const { values: functions, indexOf } = dictionary();
  let entry = 0;
  for (let place = 0; place < places; place++) {
    const row = won[place] ?? -1;
    if (row === -1 && (busy?.[place] ?? 0) === 0) continue;
    const isCarry = place % wide === 0;
    tile.bucket[entry] = isCarry ? CARRY : (place % wide) - 1;
    tile.tasks[entry] = tasks[place] ?? 0;
    tile.failures[entry] = failures[place] ?? 0;
    tile.busy[entry] = busy?.[place] ?? 0;
    if (row !== -1) {
      const low = words[row * U32.words + U32.functionLow] ?? 0;
      const name = names.get(functionKey(low, words[row * U32.words + U32.functionHigh] ?? 0));
      tile.function[entry] = indexOf(name ?? '');
      tile.state[entry] = low & 1;
      const [began, long] = [startOf(row), durationOf(row)];
      tile.length[entry] = packLength(long);
      if (!isCarry) tile.place[entry] = Math.min(255, Math.floor(((began % width) / width) * 256));
      if (frame.isExact || isCarry || long >= width) {
        index.push(entry);
        start.push(began);
        duration.push(long);
        if (frame.isExact) task.push(hashes[row * F64.words + 3] ?? 0n);
      }
    }
    entry++;
  }
  return {
    originNs: frame.originNs,
    resolution: frame.resolution,
    buckets: frame.buckets,
    isExact: frame.isExact,
    begin,
    ...tile,
    index: Uint32Array.from(index),
    start: Float64Array.from(start),
    duration: Float64Array.from(duration),
    task: BigUint64Array.from(task),
    functions,
  };
}

export async function getTimelineSlices(
  runtime: Runtime,
  query: z.output<typeof timelineSlicesRoute.query>,
  signal?: AbortSignal,
): Promise<TimelineSlicesWire> {
  const job = await resolveJob(runtime, query);
  const rows = await runtime.engine.select(
    query.sort === 'longest' ? slicesByLength : slicesByStart,
    {
      session: job.session,
      job: job.job_id,
      lane: query.lane === undefined ? 0n : hashOf(query.lane),
      from: query.from ?? 0n,
      to: query.to ?? FOREVER,
      limit: query.limit,
      ...filterOf(query),
    },
    signal ? { signal } : {},
  );
  return {
    slices: rows.map((row) => ({
      taskId: row.task_id,
      attempt: row.attempt,
      function: row.function,
      state: row.failed === 1 ? ('FAILED' as const) : ('FINISHED' as const),
      error: row.error === '' ? null : row.error,
      lane: keyOf(row.lane),
      startNs: row.start_ns,
      endNs: row.end_ns,
    })),
    limited: rows.length === query.limit,
  };
}
