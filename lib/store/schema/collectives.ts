/**
 * Spans of collectives as columns: one row per rank per operation, taken from otel_traces as it is inserted, because reading
 * attribute maps of every span of a window for every question costs a hundred times more than reading the few columns.
 *
 * Which spans: those with the attributes op_type and nccl.seq (also: rank, nranks, comm_id_hash, nccl.comm_name, nccl.pg_name,
 * nccl.message.size_bytes; aliases nccl.comm_hash, nccl.collective.bytes, xray.rank). A communicator without a hash (torch with
 * gloo) is told by service, process group and name. Sizes are those of nccl-tests, for which NCCL's size per rank is multiplied.
 * Not partitioned: a span that claims to last for years must not open a hundred partitions and fail the insert it came with.
 * Spans sent twice are one row (span_id is in the key) once merged; queries do not rely on the merge. A span of which only the launch
 * is known (xray.timing = launch, lib/cli/import/kineto) has duration 0, which no operation takes: it is counted, and measured nowhere.
 */
import { PER_RANK_OPS } from '../../model/collective.ts';
import { COLLECTIVE_SPELLINGS } from '../../model/collective-names.ts';
import { CLOCK_NOTE } from '../../model/span.ts';
import type { Migration } from '../migrate.ts';

const attribute = (...names: string[]): string =>
  names.reduceRight((rest, name) => `if(SpanAttributes['${name}'] != '', SpanAttributes['${name}'], ${rest})`, "''");

const listed = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ');
const texts = (values: readonly string[]): string => `[${listed(values)}]`;
const spellings = texts(COLLECTIVE_SPELLINGS.map(([spelling]) => spelling));
const ops = texts(COLLECTIVE_SPELLINGS.map(([, op]) => op));
/** `_allgather_base`, `nccl:all_gather` and `AllGather` are one (lib/model/collective-names.ts); a name that is not known stays. */
const canonicalOp = (name: string, otherwise: string): string =>
  `transform(replaceRegexpAll(replaceRegexpOne(replaceRegexpOne(lower(${name}), '^.*:', ''), ' .*$', ''), '[^a-z0-9]', ''),
  ${spellings}, ${ops}, ${otherwise})`;

/** `more`: a column more of the view, taken from otel_traces. */
const selectOf = (
  more: string,
  where: string,
): string => `SELECT toDateTime(intDiv(end_ns, 3600000000000) * 3600) AS hour,
    if(hash != '', hash, concat(ServiceName, '/', SpanAttributes['nccl.pg_name'], '/', comm_name)) AS comm,
    ${canonicalOp("SpanAttributes['op_type']", "SpanAttributes['op_type']")} AS op, toInt64OrZero(SpanAttributes['nccl.seq']) AS seq,
    toUInt32OrZero(if(SpanAttributes['rank'] != '', SpanAttributes['rank'], ResourceAttributes['xray.rank'])) AS rank,
    SpanId AS span_id, TraceId AS trace_id,
    ${attribute('comm_id_hash', 'nccl.comm_hash')} AS hash, ${attribute('nccl.comm_name', 'nccl.pg_name')} AS comm_name,
    toUInt32OrZero(SpanAttributes['nranks']) AS nranks, toUInt32OrZero(SpanAttributes['nccl.nnodes']) AS nnodes,
    ifNotFinite(toFloat64OrZero(${attribute('nccl.message.size_bytes', 'nccl.collective.bytes')}), 0)
      * if(SpanAttributes['nccl.message.size_convention'] = 'per_rank' AND op IN (${listed(PER_RANK_OPS)}), nranks, 1) AS size,
    if(size < 1, 0, exp2(floor(log2(size)))) AS size_class,
    toUnixTimestamp64Nano(Timestamp) AS start_ns, start_ns + duration_ns AS end_ns,
    if(SpanAttributes['xray.timing'] = 'launch', 0, toInt64(Duration)) AS duration_ns,
    ResourceAttributes['host.name'] AS host, ResourceAttributes['hw.id'] AS gpu_uuid, SpanAttributes['gpu.index'] AS gpu_index,
    if(SpanAttributes['xray.global_rank'] != '', SpanAttributes['xray.global_rank'], ResourceAttributes['xray.rank']) AS global_rank,
    SpanAttributes['ray.node_id'] AS node_id, SpanAttributes['ray.worker_id'] AS worker_id${more}
  FROM xray.otel_traces WHERE mapContains(SpanAttributes, 'op_type') AND SpanAttributes['nccl.seq'] != ''${where}`;
const select = selectOf('', '');

/** One without an end measured nothing: its duration of 0 would be the fastest of all. */
export const collectiveSelect = (more: string): string =>
  selectOf(`, ${more}`, ` AND SpanAttributes['${CLOCK_NOTE}'] = ''`);

export const COLLECTIVE_COLUMNS =
  'hour, comm, op, seq, rank, span_id, trace_id, comm_name, nranks, nnodes, size, size_class, start_ns, end_ns, duration_ns, host, gpu_uuid, gpu_index, global_rank, node_id, worker_id';

export const collectiveMigrations: readonly Migration[] = [
  {
    version: 100,
    name: 'collective_spans',
    statements: [
      `CREATE TABLE IF NOT EXISTS xray.collective_spans (
        hour DateTime CODEC(Delta, ZSTD(1)), comm LowCardinality(String), op LowCardinality(String), seq Int64 CODEC(Delta, ZSTD(1)),
        rank UInt32, span_id String, trace_id String, comm_name LowCardinality(String), nranks UInt32, nnodes UInt32,
        size Float64, size_class Float64, start_ns Int64 CODEC(Delta, ZSTD(1)), end_ns Int64 CODEC(Delta, ZSTD(1)), duration_ns Int64,
        host LowCardinality(String), gpu_uuid LowCardinality(String), gpu_index LowCardinality(String),
        global_rank LowCardinality(String), node_id LowCardinality(String), worker_id LowCardinality(String)
      ) ENGINE = ReplacingMergeTree ORDER BY (hour, comm, op, seq, rank, span_id)
      TTL hour + toIntervalDay({ttl:traces})`,
      `CREATE MATERIALIZED VIEW IF NOT EXISTS xray.collective_spans_from_traces TO xray.collective_spans AS SELECT ${COLLECTIVE_COLUMNS} FROM (${select})`,
      `INSERT INTO xray.collective_spans (${COLLECTIVE_COLUMNS}) SELECT ${COLLECTIVE_COLUMNS} FROM (${select})`,
    ],
  },
];

/** As the view was made last (field-kinds.ts). */
const [columns, newest] = [`${COLLECTIVE_COLUMNS}, imported`, collectiveSelect('Imported AS imported')];
const isNewlyKnown = `op NOT IN ${ops} AND ${canonicalOp('op', "''")} != ''`;

export const collectiveNameMigrations: readonly Migration[] = [
  {
    version: 170,
    name: 'collective-names',
    statements: [
      'DROP VIEW IF EXISTS xray.collective_spans_from_traces',
      `CREATE MATERIALIZED VIEW IF NOT EXISTS xray.collective_spans_from_traces TO xray.collective_spans AS SELECT ${columns} FROM (${newest})`,
      // Rows of names that were unknown then, and are known now, come again under what they are.
      `INSERT INTO xray.collective_spans (${columns}) SELECT ${columns} FROM (${newest})
        WHERE (hour, comm, span_id) IN (SELECT hour, comm, span_id FROM xray.collective_spans WHERE ${isNewlyKnown})`,
      `DELETE FROM xray.collective_spans WHERE ${isNewlyKnown}`,
    ],
  },
];
