/** Use case: a tile of a job's timeline. */
import type { z } from 'zod';
import type { timelineTileRoute } from '../../contract/timeline-tile.ts';
import { encodeTile } from '../../model/timeline-tile.ts';
import { tileOfLevels, tileOfSlices } from '../../store/queries/timeline-tile.ts';
import { LEVELS } from '../../store/schema/timeline.ts';
import type { JobQuery } from '../jobs.ts';
import { ProblemError } from '../problem.ts';
import type { Runtime } from '../runtime.ts';
import { jobNames, knowFunctions, knowLanes } from './known-lanes.ts';
import { filterOf, hashOf, isPlain } from './slice-filter.ts';
import { tileOf } from './tile-rows.ts';

/** Rows that one tile may be made of. */
const ROWS = 2_000_000;
/** Lanes times buckets: what one tile may take in memory, whether anything ran there or not. */
const PLACES = 4_000_000;
/** A window that ended so long ago is in the past on every clock that is right to a minute. */
const PAST_MS = 60_000;
/** Time of one tile in the store. */
const TILE_MS = 10_000;

export interface TileAnswer {
  readonly body: Uint8Array<ArrayBuffer>;
  /** True where the address names the version of the job's slices, and the window lies in the past. */
  readonly isFinal: boolean;
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
  if (buckets > 65_536)
    throw new ProblemError(
      'invalid-parameter',
      `parameter "resolution" is ${query.resolution}: that makes ${buckets} buckets, a tile has at most 65536`,
    );
  const laneKeys = query.lanes ?? [];
  const nodeKeys = query.nodes ?? [];
  if ((laneKeys.length + nodeKeys.length) * buckets > PLACES)
    throw new ProblemError(
      'invalid-parameter',
      `parameter "resolution" is ${query.resolution}: ${laneKeys.length + nodeKeys.length} lanes and nodes times ${buckets} buckets are more than ${PLACES}: ask for fewer of either`,
    );
  const names = await jobNames(runtime, query);
  await knowLanes(runtime, names, laneKeys.map(hashOf), nodeKeys.length > 0);
  const { nodeOf } = names;
  const options = { timeoutMs: TILE_MS, maxRows: ROWS, ...(signal ? { signal } : {}) };
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
    for (const lane of names.current) {
      const group = groupAt.get(nodeOf.get(lane) ?? 0n);
      if (group !== undefined) aim(lane, group);
    }
  const lanes = [...targets.keys()].filter((lane) => nodeOf.has(lane));
  const level = LEVELS.findLast((one) => one <= query.resolution);
  const plain = isPlain(query);
  const common = {
    ...names.which,
    nodes: [...new Set(lanes.map((lane) => nodeOf.get(lane) ?? 0n))],
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
  const tile = tileOf(words, await knowFunctions(runtime, names, words), {
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
