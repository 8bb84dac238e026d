/**
 * `otel_traces` with the columns of the OpenTelemetry Collector's ClickHouse exporter
 * (opentelemetry-collector-contrib, exporter/clickhouseexporter), so that X-Ray reads a table that a Collector fills
 * and other tools read X-Ray's. The engine differs: ReplacingMergeTree over (ServiceName, SpanName, time, ids), because
 * exporters send a batch again after a time-out; reads take one row per (TraceId, SpanId).
 */
import type { Migration } from '../migrate.ts';

export const otelMigrations: readonly Migration[] = [
  {
    version: 1,
    name: 'otel_traces',
    statements: [
      `CREATE TABLE IF NOT EXISTS xray.otel_traces (
        Timestamp DateTime64(9) CODEC(Delta, ZSTD(1)),
        TraceId String CODEC(ZSTD(1)),
        SpanId String CODEC(ZSTD(1)),
        ParentSpanId String CODEC(ZSTD(1)),
        TraceState String CODEC(ZSTD(1)),
        SpanName LowCardinality(String) CODEC(ZSTD(1)),
        SpanKind LowCardinality(String) CODEC(ZSTD(1)),
        ServiceName LowCardinality(String) CODEC(ZSTD(1)),
        ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
        ScopeName String CODEC(ZSTD(1)),
        ScopeVersion String CODEC(ZSTD(1)),
        SpanAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
        Duration UInt64 CODEC(ZSTD(1)),
        StatusCode LowCardinality(String) CODEC(ZSTD(1)),
        StatusMessage String CODEC(ZSTD(1)),
        Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
        Links Nested (TraceId String, SpanId String, TraceState String, Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
        INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
        INDEX idx_span_attr_key mapKeys(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
        INDEX idx_span_attr_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
        INDEX idx_duration Duration TYPE minmax GRANULARITY 1
      ) ENGINE = ReplacingMergeTree
      PARTITION BY toDate(Timestamp)
      ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), TraceId, SpanId)
      TTL toDateTime(Timestamp) + toIntervalDay({ttl:traces})
      SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1`,
    ],
  },
];
