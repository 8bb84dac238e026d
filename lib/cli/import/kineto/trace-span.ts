/** One event of PyTorch's profiler as an OTLP span (JSON), with what makes it an operation of a communicator (runs.ts). */
import { CLOCK_NOTE } from '../../../model/span.ts';
import type { Attributes } from './plan-communicator.ts';
import type { KinetoSurvey } from './survey.ts';
import type { TraceEvent } from './trace-event.ts';

/** Of a begin without its end, or a duration that is negative or not there. */
const NO_END = 'it has no end; shown with duration 0';

const attribute = (key: string, value: unknown): object => ({
  key,
  value:
    typeof value === 'number' && Number.isSafeInteger(value)
      ? { intValue: String(value) }
      : { stringValue: typeof value === 'string' ? value : JSON.stringify(value) },
});

/** `startNs`: since 1970. `spanId` of a span's number. */
export function otlpSpan(
  event: TraceEvent,
  span: number,
  startNs: bigint,
  survey: KinetoSurvey,
  collective: Attributes | undefined,
  traceId: string,
  spanId: (span: number) => string,
): object {
  const parent = survey.parent[span] ?? -1;
  const process = survey.processName(event.pid);
  const thread = survey.threadName(event.pid, event.tid);
  const attributes: Record<string, unknown> = {
    'kineto.category': event.cat,
    'thread.id': event.tid,
    // A stream's name does not say of which device it is.
    'thread.name': /^GPU/.test(process) ? `${process} ${thread}` : thread,
    ...(survey.isOpen.has(span) ? { [CLOCK_NOTE]: NO_END } : {}),
    ...Object.fromEntries(Object.entries(event.args).map(([key, value]) => [`kineto.${key}`, value])),
    ...collective,
  };
  // What B and E measure is known to the survey alone; else as it stands in the file.
  const durationNs =
    event.ph === 'X' && event.durationNs !== null && event.durationNs > 0n
      ? event.durationNs
      : BigInt(survey.durationNs[span] ?? 0);
  return {
    traceId,
    spanId: spanId(span),
    parentSpanId: parent === -1 ? '' : spanId(parent),
    name: event.name || event.cat || 'unnamed',
    kind: 1,
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(startNs + durationNs),
    attributes: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
    links: (survey.links.get(span) ?? []).map((link) => ({
      traceId,
      spanId: spanId(link.span),
      attributes: [attribute('kineto.link', link.how)],
    })),
  };
}

/** Resource of all spans of a file: one service for all ranks. */
export function otlpResource(host: string, rank: number | null): object {
  const of = { 'service.name': 'torch', 'host.name': host, 'xray.rank': rank === null ? '' : String(rank) };
  return {
    attributes: Object.entries(of)
      .filter(([, value]) => value !== '')
      .map(([key, value]) => attribute(key, value)),
  };
}
