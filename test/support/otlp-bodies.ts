/** OTLP trace bodies made by hand, for tests that need one wrong field. Synthetic. */

export interface SyntheticSpan {
  readonly [field: string]: unknown;
}

const START = 1_795_469_322_000_000_000n;

/** A valid span; `index` makes its ids. */
export const span = (index: number, fields: SyntheticSpan = {}): SyntheticSpan => ({
  traceId: (index + 1).toString(16).padStart(32, '0'),
  spanId: (index + 1).toString(16).padStart(16, '0'),
  name: 'synthetic.span',
  startTimeUnixNano: String(START),
  endTimeUnixNano: String(START + 1_000_000n),
  ...fields,
});

export const traceRequest = (spans: readonly unknown[], service = 'synthetic'): object => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
      scopeSpans: [{ scope: { name: 'synthetic' }, spans }],
    },
  ],
});

/** Protobuf: field with a length-delimited payload. */
export function field(number: number, payload: Uint8Array): Buffer {
  const head = [number * 8 + 2];
  let rest = payload.length;
  while (rest > 127) {
    head.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  head.push(rest);
  return Buffer.concat([Buffer.from(head), payload]);
}

function time(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = number * 8 + 1;
  bytes.writeBigUInt64LE(value, 1);
  return bytes;
}

/** A request of `count` spans, each with `extra` bytes of fields. */
export function protobufRequest(count: number, extra: Uint8Array = Buffer.alloc(0), first = 0): Buffer {
  const spans = Array.from({ length: count }, (_, i) => {
    const id = BigInt(first + i + 1);
    const [traceId, spanId] = [Buffer.alloc(16), Buffer.alloc(8)];
    traceId.writeBigUInt64BE(id, 8);
    spanId.writeBigUInt64BE(id);
    return field(
      2,
      Buffer.concat([
        field(1, traceId),
        field(2, spanId),
        field(5, Buffer.from('synthetic.span')),
        time(7, START + id),
        time(8, START + id + 1000n),
        extra,
      ]),
    );
  });
  return field(1, field(2, Buffer.concat(spans)));
}

/** attributes { key, value { string } } of a span. */
export const attribute = (key: Uint8Array, value: Uint8Array): Buffer =>
  field(9, Buffer.concat([field(1, key), field(2, field(1, value))]));
