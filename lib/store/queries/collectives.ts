/**
 * Collectives from spans (schema/collectives.ts). An operation is told by (communicator, op, sequence), because NCCL counts per
 * communicator and function. Everything is aggregated here: what comes back grows with ranks and bins, not with spans.
 *
 * A key that two different spans of one rank carry (a job started again under the same names) is ambiguous; such operations are
 * left out and counted.
 */
import { z } from 'zod';
import type { Query } from '../engine.ts';

/** Spans that END in [from, to), of these hosts or nodes where narrowed, of these communicators where any are named. */
export const SPANS = `(
  SELECT * FROM xray.collective_spans
  WHERE hour >= toDateTime(intDiv({from:Int64}, 3600000000000) * 3600) AND hour <= toDateTime(intDiv({to:Int64}, 3600000000000) * 3600)
    AND end_ns >= {from:Int64} AND end_ns < {to:Int64}
    AND (empty({comms:Array(String)}) OR comm IN {comms:Array(String)}) AND ({op:String} = '' OR op = {op:String})
    AND ({sizeClass:Float64} < 0 OR size_class = {sizeClass:Float64})
    AND ({everywhere:UInt8} = 1 OR node_id IN {nodes:Array(String)} OR host IN {hosts:Array(String)})
)`;

/** One row per rank of an operation, spans sent twice being one. */
const MEMBERS = `(
  SELECT comm, op, seq, rank, any(nranks) AS nranks, any(size) AS size, any(size_class) AS size_class, any(duration_ns) AS duration_ns,
    any(start_ns) AS start_ns, any(end_ns) AS end_ns, min(span_id) != max(span_id) AS twice
  FROM ${SPANS} GROUP BY comm, op, seq, rank
)`;

/**
 * One row per operation. `late` is -1 where the shortest rank is not one rank; only complete operations can be split. A duration of 0
 * is none: only the launch is known.
 */
const OPERATIONS = `(
  SELECT comm, op, seq, max(start_ns) AS arrived_ns, max(nranks) AS n, groupArray(rank) AS ranks, groupArray(duration_ns) AS durations,
    min(duration_ns) AS transfer_ns, max(duration_ns) AS longest_ns, max(twice) AS ambiguous,
    NOT ambiguous AND n > 1 AND length(ranks) = n AND transfer_ns > 0 AS complete,
    if(countEqual(durations, transfer_ns) = 1, toInt64(argMin(rank, duration_ns)), -1) AS late
  FROM ${MEMBERS} GROUP BY comm, op, seq
)`;

const Count = z.coerce.number();
const Text = z.string();
const Numbers = z.array(Count);
/** Of very many ranks: zod would look at each of a hundred thousand numbers for longer than a turn may take. */
const ManyNumbers = z.custom<number[]>(Array.isArray).transform((values) => values.map(Number));

/**
 * The communicators that are shown: those with the most ranks and operations, as many as {most:UInt32} and as have at most
 * {ranks:UInt64} ranks together. `all`: how many there are.
 */
export const largestCommunicators: Query<{ comm: string; reporting: number; all: number }> = {
  name: 'largest-communicators',
  sql: `SELECT comm, reporting, all FROM (
      SELECT comm, reporting, operations, count() OVER () AS all, row_number() OVER by_size AS place, sum(reporting) OVER by_size AS so_far
      FROM (SELECT comm, uniqExact(rank) AS reporting, count() AS operations FROM ${SPANS} GROUP BY comm)
      WINDOW by_size AS (ORDER BY reporting DESC, operations DESC, comm ROWS UNBOUNDED PRECEDING)
    ) WHERE place = 1 OR (place <= {most:UInt32} AND so_far <= {ranks:UInt64})`,
  row: z.object({ comm: Text, reporting: Count, all: Count }),
};

/**
 * Communicators with their operations: what there is, and how much of it can be judged. `time_ns`: of all ranks in all operations;
 * `complete_ns`: in the complete ones. `timed`: operations of which a duration is known.
 */
export const collectiveCommunicators: Query<{
  comm: string;
  op: string;
  name: string;
  nranks: number;
  nodes: number;
  first_ns: string;
  sizes: number[];
  operations: number;
  complete: number;
  ambiguous: number;
  timed: number;
  time_ns: number;
  complete_ns: number;
}> = {
  name: 'collective-communicators',
  sql: `SELECT described.comm AS comm, described.op AS op, name, nranks, nodes, first_ns, sizes, operations, complete, ambiguous, timed, time_ns, complete_ns FROM
      (SELECT comm, op, any(comm_name) AS name, max(nranks) AS nranks,
        greatest(uniqExactIf(host, host != ''), max(nnodes)) AS nodes, toString(min(start_ns)) AS first_ns,
        arraySort(groupUniqArray(size_class)) AS sizes FROM ${SPANS} GROUP BY comm, op) AS described
    INNER JOIN (SELECT comm, op, count() AS operations, countIf(OPERATION.complete) AS complete, countIf(OPERATION.ambiguous) AS ambiguous,
        countIf(longest_ns > 0) AS timed, sum(arraySum(arrayMap(d -> toFloat64(d), durations))) AS time_ns,
        sumIf(arraySum(arrayMap(d -> toFloat64(d), durations)), OPERATION.complete) AS complete_ns
      FROM ${OPERATIONS} AS OPERATION GROUP BY comm, op) AS counted
      ON described.comm = counted.comm AND described.op = counted.op ORDER BY comm, op`,
  row: z.object({
    comm: Text,
    op: Text,
    name: Text,
    nranks: Count,
    nodes: Count,
    first_ns: Text,
    sizes: Numbers,
    operations: Count,
    complete: Count,
    ambiguous: Count,
    timed: Count,
    time_ns: Count,
    complete_ns: Count,
  }),
};

/**
 * Message over duration (algorithm bandwidth of NCCL's message, B/s) per bin of {step:Int64} ns from {start:Int64}: the geometric
 * mean of a rank's operations, as Inspector takes it; then least, median and most over the ranks. Of at most {lines:UInt32}
 * communicators, functions and sizes: the largest size of each first.
 */
export const collectiveBandwidth: Query<{
  comm: string;
  op: string;
  size_class: number;
  bin: number;
  least: number;
  median: number;
  most: number;
}> = {
  name: 'collective-bandwidth',
  sql: `SELECT comm, op, size_class, bin, min(speed) AS least, quantileExactInclusive(0.5)(speed) AS median, max(speed) AS most FROM
      (SELECT comm, op, size_class, intDiv(end_ns - {start:Int64}, {step:Int64}) AS bin, rank, exp(avg(log(size / (duration_ns / 1e9)))) AS speed
        FROM ${MEMBERS} WHERE size > 0 AND duration_ns > 0 AND (comm, op, size_class) IN (
          SELECT comm, op, size_class FROM ${SPANS} GROUP BY comm, op, size_class
          ORDER BY row_number() OVER (PARTITION BY comm, op ORDER BY size_class DESC), count() DESC, comm, op LIMIT {lines:UInt32})
        GROUP BY comm, op, size_class, bin, rank)
    GROUP BY comm, op, size_class, bin ORDER BY comm, op, size_class, bin`,
  row: z.object({ comm: Text, op: Text, size_class: Count, bin: Count, least: Count, median: Count, most: Count }),
};

export interface CollectiveBlockRow {
  readonly comm: string;
  readonly block: number;
  readonly from_ns: string;
  readonly operations: number;
  readonly ranks: number[];
  readonly mean_ns: number[];
  readonly late_ranks: number[];
  readonly late_counts: number[];
}

/**
 * At most {blocks:UInt32} blocks per communicator, of complete operations of {ops:Array(String)} in order of time: mean time inside per rank, and
 * how often each rank was last. Operations of more than {judged:UInt32} ranks are not judged.
 */
export const collectiveBlocks: Query<CollectiveBlockRow> = {
  name: 'collective-blocks',
  sql: `SELECT comm, block, from_ns, operations, totals.1 AS ranks, arrayMap(total -> total / operations, totals.2) AS mean_ns,
      lates.1 AS late_ranks, lates.2 AS late_counts FROM
      (SELECT comm, block, min(arrived_ns) AS from_ns, count() AS operations,
        sumMap(ranks, arrayMap(d -> toFloat64(d), durations)) AS totals, sumMap([late], [toUInt32(1)]) AS lates
      FROM (SELECT comm, arrived_ns, ranks, durations, late, count() OVER (PARTITION BY comm) AS all_of,
          intDiv((row_number() OVER (PARTITION BY comm ORDER BY arrived_ns, op, seq) - 1) * least({blocks:UInt32}, all_of), all_of) AS block
        FROM ${OPERATIONS} WHERE complete AND n <= {judged:UInt32} AND op IN {ops:Array(String)})
      GROUP BY comm, block)
    ORDER BY comm, block`,
  row: z.object({
    comm: Text,
    block: Count,
    from_ns: Text,
    operations: Count,
    ranks: ManyNumbers,
    mean_ns: ManyNumbers,
    late_ranks: Numbers,
    late_counts: Numbers,
  }),
};

/**
 * Per rank and bin: mean time inside, us, and geometric mean of message over duration, B/s; arrays by bin, only of bins that hold
 * something (tuples, because groupArray leaves NULLs out). The {ranks:UInt32} ranks that are inside for the shortest time, because they arrive last; `all`: how many there are.
 */
export const collectiveRanks: Query<{
  rank: number;
  bins: number[];
  exec_us: (number | null)[];
  speed: (number | null)[];
  mean_us: number | null;
  all: number;
}> = {
  name: 'collective-ranks',
  sql: `SELECT rank, groupArray(bin) AS bins, groupArray(tuple(exec)).1 AS exec_us, groupArray(tuple(pace)).1 AS speed, if(sum(operations) = 0, NULL, sum(total) / sum(operations) / 1e3) AS mean_us,
      count() OVER () AS all FROM
      (SELECT rank, intDiv(end_ns - {start:Int64}, {step:Int64}) AS bin, countIf(duration_ns > 0) AS operations, sum(duration_ns) AS total,
        if(operations = 0, NULL, total / operations / 1e3) AS exec,
        if(countIf(size > 0 AND duration_ns > 0) = 0, NULL, exp(avgIf(log(size / (duration_ns / 1e9)), size > 0 AND duration_ns > 0))) AS pace
        FROM ${MEMBERS} GROUP BY rank, bin ORDER BY rank, bin)
    GROUP BY rank ORDER BY mean_us, rank LIMIT {ranks:UInt32}`,
  row: z.object({
    rank: Count,
    bins: Numbers,
    exec_us: z.array(z.number().nullable()),
    speed: z.array(z.coerce.number().nullable()),
    mean_us: z.number().nullable(),
    all: Count,
  }),
};

/** Per rank, over complete operations: mean wait and transfer, us, and in how many it was last. */
export const collectiveWaits: Query<{
  rank: number;
  operations: number;
  wait_us: number;
  transfer_us: number;
  last: number;
}> = {
  name: 'collective-waits',
  sql: `SELECT member.1 AS rank, count() AS operations, avg(member.2 - transfer_ns) / 1e3 AS wait_us, avg(transfer_ns) / 1e3 AS transfer_us,
      countIf(late = toInt64(member.1)) AS last
    FROM (SELECT * FROM ${OPERATIONS} WHERE complete) ARRAY JOIN arrayZip(ranks, durations) AS member GROUP BY rank ORDER BY wait_us, rank LIMIT 100000`,
  row: z.object({ rank: Count, operations: Count, wait_us: Count, transfer_us: Count, last: Count }),
};

/** Where the ranks are: the newest span of each (communicator, rank) names host, GPU, Ray's ids and its trace. */
export const collectiveLocations: Query<{
  comm: string;
  rank: number;
  host: string;
  gpu_uuid: string;
  gpu_index: string;
  global_rank: string;
  node_id: string;
  worker_id: string;
  trace_id: string;
}> = {
  name: 'collective-places',
  sql: `SELECT comm, rank, place.1 AS host, place.2 AS gpu_uuid, place.3 AS gpu_index, place.4 AS global_rank, place.5 AS node_id,
      place.6 AS worker_id, place.7 AS trace_id FROM
      (SELECT comm, rank, argMax((host, gpu_uuid, gpu_index, global_rank, node_id, worker_id, trace_id), end_ns) AS place
      FROM ${SPANS} GROUP BY comm, rank) ORDER BY comm, rank LIMIT 500000`,
  row: z.object({
    comm: Text,
    rank: Count,
    host: Text,
    gpu_uuid: Text,
    gpu_index: Text,
    global_rank: Text,
    node_id: Text,
    worker_id: Text,
    trace_id: Text,
  }),
};
