/**
 * OTLP traces kept in files: JSON (one request, or one on each line, as the Collector's file exporter writes) and
 * protobuf. Spans are counted here, because OTLP's answer tells only what was rejected.
 */
import type { XrayClient } from '../xray-client.ts';
import { createBatches, type Part, reject, type Sent, type Tally } from './deliver.ts';
import { PIECE_BYTES, parsePiece, REQUEST } from './import-events.ts';
import { type JsonShape, jsonPieces } from './json-pieces.ts';
import { openBytes } from './open-bytes.ts';
import { countSpans, readAnswer, readStatus } from './otlp-wire.ts';
import { type ProtobufShape, protobufPieces } from './protobuf-pieces.ts';

/** A recording: kept for the retention from now on, however old its spans are. */
const TRACES = '/v1/traces?import=1';
const text = new TextDecoder();

/** OTLP says the first reason only, with the span's position in front. */
function outcome(parts: readonly Part<unknown>[], rejected: number, reason: string): Sent {
  const total = parts.reduce((sum, part) => sum + part.count, 0);
  const match = /^span (\d+): (.*)$/s.exec(reason);
  const rejects = rejected > 0 ? [{ position: Number(match?.[1] ?? 0), reason: match?.[2] ?? reason }] : [];
  return { accepted: total - rejected, ignored: 0, rejected, rejects };
}

export async function importOtlpProtobuf(
  client: XrayClient,
  path: string,
  shape: ProtobufShape,
  tally: Tally,
): Promise<void> {
  const batches = createBatches<Uint8Array>(REQUEST, tally, async (parts) => {
    // Protobuf messages concatenate: several requests are one.
    const body = Buffer.concat(parts.map((part) => part.content));
    const answer = await client.post(TRACES, body, 'application/x-protobuf');
    if (answer.status !== 200) return { refused: statusText(answer.body, answer.status), status: answer.status };
    const { rejected, reason } = readAnswer(answer.body);
    return outcome(parts, rejected, reason);
  });
  let position = 0;
  for await (const piece of protobufPieces(openBytes(path), shape, PIECE_BYTES)) {
    if ('error' in piece) {
      reject(tally, position, piece.error);
      continue;
    }
    try {
      const count = countSpans(piece.bytes);
      if (count > 0) await batches.add({ content: piece.bytes, bytes: piece.bytes.byteLength, count, position });
      position += count;
    } catch (error) {
      if (error instanceof Error && /protobuf|OTLP/.test(error.message)) {
        reject(tally, position, error.message);
        position += 1;
      } else throw error;
    }
  }
  await batches.flush();
}

function statusText(body: Uint8Array, status: number): string {
  try {
    return readStatus(body) || `HTTP ${status}`;
  } catch {
    return `HTTP ${status}`;
  }
}

interface JsonRequest {
  /** Text of the request, or of what stands within its list of resource spans. */
  readonly text: string;
  readonly isInner: boolean;
}

export async function importOtlpJson(client: XrayClient, path: string, shape: JsonShape, tally: Tally): Promise<void> {
  const send = (parts: readonly Part<JsonRequest>[]): Promise<Sent> => {
    const [first] = parts;
    const body =
      first && !first.content.isInner
        ? first.content.text
        : `{"resourceSpans":[${parts.map((part) => part.content.text).join(',')}]}`;
    return sendJson(client, parts, body);
  };
  const batches = createBatches<JsonRequest>(REQUEST, tally, send);
  let position = 0;
  for await (const piece of jsonPieces(openBytes(path), shape, PIECE_BYTES)) {
    if ('error' in piece) {
      reject(tally, position, `line ${piece.line}: ${piece.error}`);
      position += 1;
      continue;
    }
    const parsed = parsePiece(piece, (reason) => reject(tally, position, reason));
    if (parsed === undefined) {
      position += 1;
      continue;
    }
    const spans = jsonSpans(parsed);
    if (spans === null) {
      reject(tally, position, `line ${piece.line}: no resourceSpans`);
      position += 1;
      continue;
    }
    const inner = innerOf(piece.text, parsed);
    const part = {
      content: { text: inner ?? piece.text, isInner: inner !== null },
      bytes: piece.text.length,
      count: spans,
      position,
    };
    if (inner !== null) await batches.add(part);
    else {
      const alone = createBatches<JsonRequest>(REQUEST, tally, send);
      await alone.add(part);
      await alone.flush();
    }
    position += spans;
  }
  await batches.flush();
}

/** One request, JSON; `parts` are what it is made of. */
export async function sendJson(client: XrayClient, parts: readonly Part<unknown>[], body: string): Promise<Sent> {
  const answer = await client.post(TRACES, Buffer.from(body), 'application/json');
  const { detail, partial } = readJson(answer.body);
  if (answer.status !== 200) return { refused: detail || `HTTP ${answer.status}`, status: answer.status };
  return outcome(parts, partial, detail);
}

/** Text between the brackets of the list, where the request has nothing else: several such requests make one. */
function innerOf(request: string, parsed: object): string | null {
  if (Object.keys(parsed).length !== 1) return null;
  const inner = request.slice(request.indexOf('[') + 1, request.lastIndexOf(']'));
  return inner.trim() === '' ? null : inner;
}

const list = (value: unknown, ...names: readonly string[]): readonly unknown[] => {
  if (typeof value !== 'object' || value === null) return [];
  const found = Object.entries(value).find(([name]) => names.includes(name))?.[1];
  return Array.isArray(found) ? found : [];
};

/** Number of spans in a request; null where it is none. */
function jsonSpans(request: unknown): number | null {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) return null;
  if (!('resourceSpans' in request) && !('resource_spans' in request)) return null;
  let spans = 0;
  for (const resource of list(request, 'resourceSpans', 'resource_spans'))
    for (const scope of list(resource, 'scopeSpans', 'scope_spans')) spans += list(scope, 'spans').length;
  return spans;
}

function readJson(body: Uint8Array): { readonly detail: string; readonly partial: number } {
  try {
    const value: unknown = JSON.parse(text.decode(body));
    if (typeof value !== 'object' || value === null) return { detail: '', partial: 0 };
    if ('partialSuccess' in value && typeof value.partialSuccess === 'object' && value.partialSuccess !== null) {
      const partial: Readonly<Record<string, unknown>> = { ...value.partialSuccess };
      return { detail: String(partial.errorMessage ?? ''), partial: Number(partial.rejectedSpans ?? 0) };
    }
    const detail = 'message' in value ? value.message : 'detail' in value ? value.detail : '';
    return { detail: String(detail), partial: 0 };
  } catch {
    return { detail: '', partial: 0 };
  }
}
