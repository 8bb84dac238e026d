/** Ray's event export, kept as JSON: one request body on each line, one event on each line, or one list. */
import { z } from 'zod';
import { IngestReport } from '../../contract/ingest.ts';
import { Problem } from '../../contract/problem.ts';
import { errorMessage } from '../../model/error-message.ts';
import { byKey } from '../../schema/by-key.ts';
import type { Answer, XrayClient } from '../xray-client.ts';
import { createBatches, reject, type Sent, type Tally } from './deliver.ts';
import { type JsonShape, jsonPieces } from './json-pieces.ts';
import { openBytes } from './open-bytes.ts';

/** A request stays far below X-Ray's own limits (64 MiB, 200,000 records), and small enough to wait for. */
export const REQUEST = { bytes: 8 * 1024 ** 2, records: 20_000 };
/** Types of events that are named. */
const TYPES_NAMED = 8;
export const PIECE_BYTES = 64 * 1024 ** 2;

const text = new TextDecoder();

/** X-Ray's own answer to an import: a report, or a problem. */
export function sentOf(answer: Answer): Sent | z.infer<typeof IngestReport> {
  const body = text.decode(answer.body);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    value = null;
  }
  const report = answer.status === 200 ? IngestReport.safeParse(value) : null;
  if (report?.success) return report.data;
  const problem = Problem.safeParse(value);
  const detail = problem.success ? problem.data.detail : body.slice(0, 200).trim();
  return { refused: detail === '' ? `HTTP ${answer.status}` : detail, status: answer.status };
}

export const Parsed = z.union([z.array(z.unknown()), byKey(z.unknown())]);

/** Parses a piece; undefined where it is no list and no object, which `fail` is told. */
export function parsePiece(
  piece: { text: string; line: number },
  fail: (reason: string) => void,
): z.infer<typeof Parsed> | undefined {
  try {
    const parsed = Parsed.safeParse(JSON.parse(piece.text));
    if (parsed.success) return parsed.data;
    fail(`line ${piece.line}: neither an object nor a list`);
  } catch (error) {
    fail(`line ${piece.line}: not JSON: ${errorMessage(error)}`);
  }
  return undefined;
}

export async function importEvents(
  client: XrayClient,
  path: string,
  shape: JsonShape,
  cluster: string | null,
  tally: Tally,
): Promise<void> {
  const address = `/v1/events${cluster === null ? '' : `?cluster=${encodeURIComponent(cluster)}`}`;
  const unused = new Map<string, number>();
  const batches = createBatches<string>(REQUEST, tally, async (parts) => {
    const body = Buffer.from(`[${parts.map((part) => part.content).join(',')}]`);
    const sent = sentOf(await client.post(address, body, 'application/json'));
    if ('ignoredTypes' in sent)
      for (const [type, count] of Object.entries(sent.ignoredTypes ?? {}))
        unused.set(type, (unused.get(type) ?? 0) + count);
    return sent;
  });
  let position = 0;
  for await (const piece of jsonPieces(openBytes(path), shape, PIECE_BYTES)) {
    if ('error' in piece) {
      reject(tally, position, `line ${piece.line}: ${piece.error}`);
      position += 1;
      continue;
    }
    const parsed = parsePiece(piece, (reason) => reject(tally, position, reason));
    const count = Array.isArray(parsed) ? parsed.length : 1;
    if (parsed !== undefined && count > 0) {
      const trimmed = piece.text.trim();
      // Text as it came: numbers beyond 2^53 stay what they are.
      const content = Array.isArray(parsed) ? trimmed.slice(1, -1) : trimmed;
      await batches.add({ content, bytes: piece.text.length, count, position });
    }
    position += count;
  }
  await batches.flush();
  if (unused.size > 0) {
    const named = [...unused].slice(0, TYPES_NAMED).map(([type, count]) => `${count.toLocaleString('en-GB')} ${type}`);
    tally.notes.push(`of no use to X-Ray: ${named.join(', ')}${unused.size > named.length ? ', ...' : ''}`);
  }
}
