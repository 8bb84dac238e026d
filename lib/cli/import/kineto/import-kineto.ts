/**
 * Traces of PyTorch's profiler: every event with a duration becomes a span, through the same door as every OTLP client. Ranks
 * of one run that are named together become one trace, side by side on one clock. A file is read three times: to know of which run it
 * is (runs.ts), for what its events do not say themselves (survey.ts), then to send them. Importing the same files again changes nothing.
 */
import type { XrayClient } from '../../xray-client.ts';
import { createBatches, reject, type Tally } from '../deliver.ts';
import { PIECE_BYTES, REQUEST } from '../import-events.ts';
import { sendJson } from '../import-otlp.ts';
import { bytesToFault } from '../open-bytes.ts';
import type { GroupNames } from './group-names.ts';
import type { PlannedTrace } from './runs.ts';
import { isBegin, type KinetoFacts, sinceEpoch, surveyKineto, threadKey } from './survey.ts';
import { decodeEvent, type TraceEvent } from './trace-event.ts';
import { tracePieces } from './trace-pieces.ts';
import { otlpResource, otlpSpan } from './trace-span.ts';

/** What a trace is known by, without holding its events. `groups`, and what it throws: as surveyKineto. */
export async function kinetoFacts(path: string, isList: boolean, groups: GroupNames): Promise<KinetoFacts> {
  const { parent: _, durationNs: __, isOpen: ___, links: ____, ...facts } = await surveyKineto(path, isList, groups);
  return facts;
}

export async function importKineto(
  client: XrayClient,
  path: string,
  isList: boolean,
  plan: PlannedTrace,
  tally: Tally,
): Promise<void> {
  const survey = await surveyKineto(path, isList);
  const resource = otlpResource(survey.host, plan.rank);
  const prefix = survey.hash.slice(0, 8);
  const spanId = (span: number): string => `${prefix}${(span + 1).toString(16).padStart(8, '0')}`;
  const before = `{"resourceSpans":[{"resource":${JSON.stringify(resource)},"scopeSpans":[{"scope":{"name":"kineto"},"spans":[`;
  const batches = createBatches<string>(REQUEST, tally, (parts) =>
    sendJson(client, parts, `${before}${parts.map(({ content }) => content).join(',')}]}]}]}`),
  );
  const begun = new Map<string, number>();
  let position = -1;
  let span = 0;
  /** Sends a span; the reason where it cannot be sent. */
  const add = async (event: TraceEvent, at: number): Promise<string | null> => {
    const own = span;
    span += 1;
    const startNs = event.ns === null ? null : sinceEpoch(event.ns, survey.baseNs);
    if (startNs === null) return 'its time has no known starting point';
    const content = JSON.stringify(
      otlpSpan(event, own, startNs, survey, plan.collectives.get(own), plan.traceId, spanId),
    );
    await batches.add({ content, bytes: content.length, count: 1, position: at });
    return null;
  };
  // What is whole before the damage is sent.
  const bytes = bytesToFault(path, ({ message }) => reject(tally, position + 1, message));
  for await (const piece of tracePieces(bytes, PIECE_BYTES, isList)) {
    if ('top' in piece) continue;
    position += 1;
    const setAside = (reason: string): void => reject(tally, position, `line ${piece.line}: ${reason}`);
    if ('error' in piece) {
      setAside(piece.error);
      continue;
    }
    const event = decodeEvent(piece.event);
    if ('error' in event) setAside(event.error);
    else if (isBegin(event)) {
      if (event.ph === 'B') begun.set(threadKey(event), (begun.get(threadKey(event)) ?? 0) + 1);
      const failed = await add(event, position);
      if (failed !== null) setAside(failed);
    } else if (event.ph === 'E') {
      const open = begun.get(threadKey(event)) ?? 0;
      if (open === 0) setAside('an end (phase E) without its begin');
      else begun.set(threadKey(event), open - 1);
    }
    // Names and links are in the spans; what else there is (instants, counters) X-Ray has no place for.
    else if (!['M', 's', 't', 'f'].includes(event.ph)) tally.ignored += 1;
  }
  await batches.flush();
}
