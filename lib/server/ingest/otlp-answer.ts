/** Answers of OTLP/HTTP: ExportTraceServiceResponse and google.rpc.Status, as protobuf or JSON. */

const CODES: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 408: 4, 413: 8, 415: 3, 429: 8, 503: 14 };

/** Whether a body of this content type is protobuf, and its answer, too. */
export const isProtobuf = (contentType: string): boolean => /^application\/(x-)?protobuf\b/i.test(contentType.trim());

function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest > 127) {
    out.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
  return out;
}

const lengthDelimited = (field: number, payload: Uint8Array | number[]): number[] => [
  (field << 3) | 2,
  ...varint(payload.length),
  ...payload,
];
const utf8 = (text: string): number[] => [...Buffer.from(text)];

/** ExportTraceServiceResponse: empty when all was stored, else partial_success {rejected_spans = 1, error_message = 2}. */
export function traceResponse(protobuf: boolean, rejectedSpans: number, reason: string): BodyInit {
  if (!protobuf)
    return JSON.stringify(
      rejectedSpans > 0 ? { partialSuccess: { rejectedSpans: String(rejectedSpans), errorMessage: reason } } : {},
    );
  if (rejectedSpans === 0) return new Uint8Array();
  return new Uint8Array(lengthDelimited(1, [8, ...varint(rejectedSpans), ...lengthDelimited(2, utf8(reason))]));
}

/** google.rpc.Status {code = 1, message = 2}. */
export function rpcStatus(protobuf: boolean, httpStatus: number, message: string): Uint8Array<ArrayBuffer> | string {
  const code = CODES[httpStatus] ?? 13;
  return protobuf
    ? new Uint8Array([8, ...varint(code), ...lengthDelimited(2, utf8(message))])
    : JSON.stringify({ code, message });
}
