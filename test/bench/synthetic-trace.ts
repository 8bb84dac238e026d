/**
 * One large synthetic trace, made by the engine: a run of 8 ranks, each step of a rank 9 phases one after another, each phase
 * 10 operations; step durations vary, one span in 5,000 fails. Names say that it is synthetic.
 */
export const SYNTHETIC_START = 1_790_000_000_000_000_000n;

/** Span id of a number, as the statement makes it. */
const id = (number: string): string => `lower(hex(cityHash64(${number}, 77)))`;
const pad = (text: string): string => `leftPad(${text}, 16, '0')`;

/** SQL that inserts `spans` spans, from the root on. */
export const syntheticTrace = (traceId: string, spans: number): string => `INSERT INTO xray.otel_traces
  (Timestamp, TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, ResourceAttributes, ScopeName, SpanAttributes, Duration, StatusCode, StatusMessage)
  SELECT fromUnixTimestamp64Nano(toInt64(start)), '${traceId}', ${pad(id('number'))},
    if(number = 0, '', ${pad(id('parent'))}),
    multiIf(number = 0, 'synthetic.run', place = 0, 'synthetic.step', place < 10, concat('synthetic.phase_', toString(place)), concat('synthetic.op_', toString(cityHash64(number, 4) % 40))),
    'Internal', 'synthetic-trainer',
    if(number = 0, map('process.pid', '1'), map('xray.rank', toString(rank))), 'synthetic',
    map('thread.id', toString(1000 + rank), 'thread.name', if(place < 10, 'main', 'operations'), 'synthetic.bytes', toString(cityHash64(number, 8) % 1000000),
      'synthetic.step', toString(step)),
    toUInt64(long), if(cityHash64(number, 5) % 5000 = 0, 'Error', 'Unset'), if(cityHash64(number, 5) % 5000 = 0, 'synthetic failure', '')
  FROM (
    SELECT number, intDiv(number - 1, 100) AS step, (number - 1) % 100 AS place, step % 8 AS rank,
      ${SYNTHETIC_START} + 1000000 + intDiv(step, 8) * 100000000 + rank * 137001 AS step_start,
      1 + (place - 10) % 9 AS phase_of, intDiv(place - 10, 9) AS turn,
      multiIf(number = 0, 0, place = 0, 0, place < 10, step * 100 + 1, step * 100 + 1 + phase_of) AS parent,
      multiIf(number = 0, ${SYNTHETIC_START}, place = 0, step_start, place < 10, step_start + 1000 + (place - 1) * 10000000,
        step_start + 2000 + (phase_of - 1) * 10000000 + turn * 900000 + cityHash64(number, 6) % 90000) AS start,
      multiIf(number = 0, 2000000 + (intDiv(${spans}, 800) + 1) * 100000000, place = 0, 92000000 + cityHash64(number, 1) % 7000000,
        place < 10, 9100000 + cityHash64(number, 2) % 800000, 200000 + cityHash64(number, 3) % 600000) AS long
    FROM (SELECT toInt64(number) AS number FROM numbers(${spans}))
  )`;
