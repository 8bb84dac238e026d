/** Use case: a tile of a job's timeline. */
import type { z } from 'zod';
import type { timelineTileRoute } from '../../contract/timeline-tile.ts';
import { encodeTile, MOST_BUCKETS } from '../../model/timeline-tile.ts';
import type { Param, Query } from '../../store/engine.ts';
import { nodesOfLanesThatCount } from '../../store/queries/timeline/timeline-lanes.ts';
import {
  filteredNodeTile,
  filteredTile,
  nodeTileOfLevel,
  nodeTileOfSlices,
  tileOfLevel,
  tileOfSlices,
} from '../../store/queries/timeline/timeline-tile.ts';
import { LEVELS } from '../../store/schema/timeline.ts';
import { ProblemError } from '../http/problem.ts';
import type { JobQuery } from '../jobs/jobs.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { jobNames, knowFunctions, knowLanes } from './known-lanes.ts';
import { filterOf, hashOf, isPlain } from './slice-filter.ts';
import { tileOf } from './tile-rows.ts';

/** Rows that one tile may be made of. */
const ROWS = 2_000_000;
/** Lanes times buckets: what one tile may take in memory, whether anything ran there or not. */
const INDEXES = 4_000_000;
/** A window that ended so long ago is in the past on every clock that is right to a minute. */
const PAST_MS = 60_000;
/** Nodes that one question names: a list of more is longer than an address may be, and than a statement should. */
const NODES_AT_ONCE = 8_000;
/** Time of one tile in the store. */
const TILE_MS = 10_000;

export interface TileAnswer {
  readonly body: Uint8Array<ArrayBuffer>;
  /** True where the address names the version of the job's slices, and the window lies in the past. */
  readonly isFinal: boolean;
}

function inPieces<T>(list: readonly T[], length: number): readonly (readonly T[])[] {
  const pieces: (readonly T[])[] = [];
  for (let from = 0; from < list.length; from += length) pieces.push(list.slice(from, from + length));
  return pieces;
}

/** Throws ProblemError where more is asked for than one tile may hold. */
export async function getTimelineTile(
  runtime: Runtime,
  query: z.output<typeof timelineTileRoute.query> & JobQuery,
  signal?: AbortSignal,
): Promise<TileAnswer> {
  const wide = BigInt(query.resolution);
  const first = query.from >> wide;
  const last = (query.to + (1n << wide) - 1n) >> wide;
  const buckets = Number(last - first);
  if (query.to <= query.from)
    throw new ProblemError(
      'invalid-parameter',
      `parameter "to" is ${query.to}: it must be after "from", ${query.from}`,
    );
  if (buckets > MOST_BUCKETS)
    throw new ProblemError(
      'invalid-parameter',
      `parameter "resolution" is ${query.resolution}: that makes ${buckets} buckets, a tile has at most ${MOST_BUCKETS}`,
    );
  const laneKeys = query.lanes ?? [];
  const nodeKeys = query.nodes ?? [];
  const isOfAll = query.all === true;
  const answeredLanes = laneKeys.length + nodeKeys.length + (isOfAll ? 1 : 0);
  if (answeredLanes * buckets > INDEXES)
    throw new ProblemError(
      'invalid-parameter',
      `parameter "resolution" is ${query.resolution}: ${answeredLanes} lanes and nodes times ${buckets} buckets are more than ${INDEXES}: ask for fewer of either`,
    );
  if (new Set(laneKeys).size < laneKeys.length || new Set(nodeKeys).size < nodeKeys.length)
    throw new ProblemError('invalid-parameter', 'parameter "lanes" or "nodes" names one twice');
  const names = await jobNames(runtime, query);
  const requested = laneKeys.map(hashOf);
  await knowLanes(runtime, names, requested);
  const { nodeOf } = names;
  const options = { timeoutMs: TILE_MS, maxRows: ROWS, ...(signal ? { signal } : {}) };
  const level = LEVELS.findLast((one) => one <= query.resolution);
  const plain = isPlain(query);
  const { resolution } = query;
  const common = { ...names.which, first, last, from: first << wide, least: 1n << wide, resolution };
  const ofLevels = { ...common, up: resolution - (level ?? 0) };
  const ofSlices = { ...common, to: last << wide, back: (first << wide) - (1n << BigInt(LEVELS[0])) };
  const rows = (
    [ofLevel, fromSlices, filtered]: readonly [
      typeof tileOfLevel,
      readonly Query<unknown>[],
      readonly Query<unknown>[],
    ],
    which: { readonly lanes: readonly bigint[]; readonly nodes: readonly bigint[]; readonly places: readonly number[] },
  ): readonly Promise<Uint8Array>[] => {
    const ask = (questions: readonly Query<unknown>[], bound: Readonly<Record<string, Param>>) =>
      questions.map((question) => runtime.engine.selectBytes(question, { ...bound, ...which }, options));
    if (!plain) return ask(filtered, { ...ofSlices, ...filterOf(query), back: 0n });
    const fromLevel = level === undefined ? undefined : ofLevel.get(level);
    return fromLevel === undefined ? ask(fromSlices, ofSlices) : ask(fromLevel, ofLevels);
  };
  // Places of the rows: lanes that are asked for and known, then nodes.
  const lanes = requested.filter((lane) => nodeOf.has(lane));
  const nodes = nodeKeys.map(hashOf);
  const laneOf = [
    ...requested.flatMap((lane, index) => (nodeOf.has(lane) ? [index] : [])),
    ...nodes.map((_, index) => laneKeys.length + index),
    ...(isOfAll ? [answeredLanes - 1] : []),
  ];
  const everyNode = isOfAll
    ? (await runtime.engine.select(nodesOfLanesThatCount, names.which)).map(({ node }) => node)
    : [];
  const parts = await Promise.all([
    ...(lanes.length === 0
      ? []
      : rows([tileOfLevel, tileOfSlices, filteredTile], {
          lanes,
          nodes: [...new Set(lanes.map((lane) => nodeOf.get(lane) ?? 0n))],
          places: lanes.map((_, position) => position),
        })),
    ...(nodes.length === 0
      ? []
      : rows([nodeTileOfLevel, nodeTileOfSlices, filteredNodeTile], {
          lanes: [],
          nodes,
          places: nodes.map((_, position) => lanes.length + position),
        })),
    ...inPieces(everyNode, NODES_AT_ONCE).flatMap((some) =>
      rows([nodeTileOfLevel, nodeTileOfSlices, filteredNodeTile], {
        lanes: [],
        nodes: some,
        places: some.map(() => lanes.length + nodes.length),
      }),
    ),
  ]);
  const [one = new Uint8Array(0), ...others] = parts.filter((part) => part.byteLength > 0);
  const answered = others.length === 0 ? one : Buffer.concat([one, ...others]);
  // Typed arrays want whole uint32s, which the engine's buffer need not begin on.
  const bytes = answered.byteOffset % 4 === 0 ? answered : new Uint8Array(answered);
  const uint32s = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const tile = tileOf(uint32s, await knowFunctions(runtime, names, uint32s), {
    originNs: first << wide,
    resolution: query.resolution,
    buckets,
    lanes: answeredLanes,
    laneOf,
    isExact: query.exact === true,
  });
  const isPast = query.to <= BigInt(Date.now() - PAST_MS) * 1_000_000n;
  return { body: encodeTile(tile), isFinal: query.version !== undefined && isPast };
}
