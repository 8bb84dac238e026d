/**
 * The little of OTLP's protobuf that an import needs: the extent of a request, how many spans it holds, and the answer.
 * opentelemetry-proto: ExportTraceServiceRequest {1: ResourceSpans {2: ScopeSpans {2: Span}}}.
 */
interface Field {
  readonly number: number;
  readonly wireType: number;
  /** Of the payload; for a varint its value is in `value`. */
  readonly start: number;
  readonly end: number;
  readonly value: number;
}

/** Throws where the bytes are no protobuf. */
function* fields(bytes: Uint8Array, from: number, to: number): Generator<Field> {
  let at = from;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at];
      if (at >= to || byte === undefined || scale > 2 ** 63) throw new Error('the protobuf message is cut off');
      at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < to) {
    const tag = varint();
    const [number, wireType] = [Math.floor(tag / 8), tag % 8];
    if (number === 0) throw new Error('field 0 in a protobuf message');
    const value = wireType === 0 || wireType === 2 ? varint() : 0;
    const length = wireType === 2 ? value : wireType === 1 ? 8 : wireType === 5 ? 4 : wireType === 0 ? 0 : -1;
    if (length < 0 || at + length > to) throw new Error('the protobuf message is cut off');
    yield { number, wireType, start: at, end: at + length, value };
    at += length;
  }
}

/** Spans in an ExportTraceServiceRequest. Throws where the bytes are none. */
export function countSpans(bytes: Uint8Array): number {
  let spans = 0;
  for (const resource of fields(bytes, 0, bytes.length)) {
    if (resource.number !== 1 || resource.wireType !== 2) throw new Error('not an OTLP trace request');
    for (const scope of fields(bytes, resource.start, resource.end)) {
      if (scope.wireType !== 2) throw new Error('not an OTLP trace request');
      if (scope.number === 2)
        for (const span of fields(bytes, scope.start, scope.end)) if (span.number === 2) spans += 1;
    }
  }
  return spans;
}

/** Length the first field has with its tag, where it is field 1; 0: more bytes are needed to tell; -1: it is another. */
export function leadingField(bytes: Uint8Array): number {
  if (bytes.length === 0) return 0;
  if (bytes[0] !== 0x0a) return -1;
  let length = 0;
  for (let i = 1, scale = 1; i < 6; i++, scale *= 128) {
    const byte = bytes[i];
    if (byte === undefined) return 0;
    length += (byte & 127) * scale;
    if (byte < 128) return i + 1 + length;
  }
  return -1;
}

/** True where the bytes begin like a ResourceSpans, as far as they go. */
export function looksLikeRequest(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x0a) return false;
  const whole = leadingField(bytes);
  try {
    if (whole <= 0) return false;
    if (whole <= bytes.length) return countSpans(bytes.subarray(0, whole)) >= 0;
    // Longer than what is here: the first field inside must be one that ResourceSpans has.
    let at = 1;
    while ((bytes[at] ?? 0) >= 128) at += 1;
    return bytes.length > 1000 && [0x0a, 0x12, 0x1a].includes(bytes[at + 1] ?? 0);
  } catch {
    return false;
  }
}

const utf8 = new TextDecoder();

/** ExportTraceServiceResponse {1: partial_success {1: rejected_spans, 2: error_message}}. */
export function readAnswer(bytes: Uint8Array): { readonly rejected: number; readonly reason: string } {
  let [rejected, reason] = [0, ''];
  for (const partial of fields(bytes, 0, bytes.length)) {
    if (partial.number !== 1) continue;
    for (const field of fields(bytes, partial.start, partial.end)) {
      if (field.number === 1) rejected = field.value;
      if (field.number === 2) reason = utf8.decode(bytes.subarray(field.start, field.end));
    }
  }
  return { rejected, reason };
}

/** google.rpc.Status {2: message}. */
export function readStatus(bytes: Uint8Array): string {
  for (const field of fields(bytes, 0, bytes.length))
    if (field.number === 2 && field.wireType === 2) return utf8.decode(bytes.subarray(field.start, field.end));
  return '';
}
