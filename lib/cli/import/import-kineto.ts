/**
 * Traces of PyTorch's profiler: every event with a duration becomes a span, through the same door as every OTLP client. Ranks
 * of one run that are named together become one trace, side by side on one clock. A file is read twice: first for what its
 * events do not say themselves (kineto-survey.ts), then to send them. Importing the same files again changes nothing.
 */
import { createHash } from 'node:crypto';
import type { XrayClient } from '../xray-client.ts';
import { createBatches, reject, type Tally } from './deliver.ts';
import { PIECE_BYTES, REQUEST } from './import-events.ts';
import { sendJson } from './import-otlp.ts';
import { kinetoPieces } from './kineto-pieces.ts';
import { otlpResource, otlpSpan } from './kineto-span.ts';
import { isSpan, type KinetoFacts, readEvent, surveyKineto } from './kineto-survey.ts';
import { openBytes } from './open-bytes.ts';

/** The digits of a trace id, from whatever names the trace. */
const traceIdOf = (names: readonly string[]): string =>
  createHash('sha256')
    .update(['kineto', ...names].join('\n'))
    .digest('hex')
    .slice(0, 32);

const startNs = (facts: KinetoFacts): bigint => facts.baseNs + BigInt(Math.round(facts.firstUs * 1000));
const endNs = (facts: KinetoFacts): bigint => facts.baseNs + BigInt(Math.round(facts.lastUs * 1000));

/**
 * Trace id of each file. Files of one run share one: the same process groups, ranks that differ, times that overlap. With a
 * session all ranks of it are one trace, whenever they are imported.
 */
export function kinetoTraceIds(files: readonly KinetoFacts[], session: string | null): readonly string[] {
  if (session !== null) return files.map(() => traceIdOf(['session', session]));
  const groups: { files: KinetoFacts[] }[] = [];
  const groupOf = files.map((file) => {
    const found = groups.find(
      ({ files: held }) =>
        file.rank !== null &&
        held.every((one) => one.run === file.run && one.rank !== file.rank) &&
        held.some((one) => startNs(one) <= endNs(file) && startNs(file) <= endNs(one)),
    );
    const group = found ?? { files: [] };
    if (found === undefined) groups.push(group);
    group.files.push(file);
    return group;
  });
  return groupOf.map((group) => traceIdOf(group.files.map(({ hash }) => hash).sort()));
}

/** What a trace is named after, without holding its events. Throws as surveyKineto does. */
export async function kinetoFacts(path: string): Promise<KinetoFacts> {
  const { hash, host, baseNs, rank, worldSize, groups, run, firstUs, lastUs } = await surveyKineto(path);
  return { hash, host, baseNs, rank, worldSize, groups, run, firstUs, lastUs };
}

export async function importKineto(client: XrayClient, path: string, traceId: string, tally: Tally): Promise<void> {
  const survey = await surveyKineto(path);
  const resource = otlpResource(survey);
  const prefix = survey.hash.slice(0, 8);
  const spanId = (span: number): string => `${prefix}${(span + 1).toString(16).padStart(8, '0')}`;
  const before = `{"resourceSpans":[{"resource":${JSON.stringify(resource)},"scopeSpans":[{"scope":{"name":"kineto"},"spans":[`;
  const batches = createBatches<string>(REQUEST, tally, (parts) =>
    sendJson(client, parts, `${before}${parts.map(({ content }) => content).join(',')}]}]}]}`),
  );
  let position = -1;
  let span = 0;
  for await (const piece of kinetoPieces(openBytes(path), PIECE_BYTES)) {
    if ('top' in piece) continue;
    position += 1;
    if ('error' in piece) {
      reject(tally, position, `line ${piece.line}: ${piece.error}`);
      continue;
    }
    const event = readEvent(piece.event);
    if (event === null) reject(tally, position, `line ${piece.line}: no event of a Chrome trace`);
    else if (isSpan(event)) {
      const content = JSON.stringify(otlpSpan(event, span, survey, traceId, spanId));
      span += 1;
      await batches.add({ content, bytes: content.length, count: 1, position });
    } else if (event.ph === 'X') reject(tally, position, `line ${piece.line}: an event of phase X without ts or dur`);
    // Names and links are in the spans; what else there is (instants, counters) X-Ray has no place for.
    else if (!['M', 's', 't', 'f'].includes(event.ph)) tally.ignored += 1;
  }
  await batches.flush();
}
