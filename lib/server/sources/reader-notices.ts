/**
 * What was missing or old in the answers that one reader (one HTTP request, known by its signal) got of the sources, and how long it
 * may still wait. Every answer of the API that has `notices` says it, whichever use case asked.
 */
import type { SourceHealthWire } from '../../contract/health.ts';
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import { CLOCK_OFF_S, durationText } from '../runtime/clock-off.ts';
import { questionText } from './question-text.ts';

interface SourceRecord {
  /** Since when (Unix ms) each question is under way. */
  readonly late: Map<string, number>;
  /** As of when (Unix ms) the answer of each question is. */
  readonly stale: Map<string, number>;
}
interface Reader {
  readonly began: number;
  readonly sources: Map<string, SourceRecord>;
}

export interface ReaderNotices {
  /** ms until all questions of this reader together have taken `patienceMs`; below 0 after that. */
  readonly patienceLeft: (signal: AbortSignal, patienceMs: number) => number;
  readonly late: (signal: AbortSignal, source: string, question: string, since: number) => void;
  readonly stale: (signal: AbortSignal, source: string, question: string, asOf: number) => void;
  /** The source was asked, in time or not. */
  readonly asked: (signal: AbortSignal, source: string) => void;
  /** The answer with what this reader did not get; the same where it has no `notices`. */
  readonly annotate: <Body>(body: Body, signal: AbortSignal, health: () => readonly SourceHealthWire[]) => Body;
}

export function createReaderNotices(): ReaderNotices {
  const readers = new WeakMap<AbortSignal, Reader>();
  const readerOf = (signal: AbortSignal): Reader => {
    const reader = readers.get(signal) ?? { began: Date.now(), sources: new Map() };
    readers.set(signal, reader);
    return reader;
  };
  const recordOf = (signal: AbortSignal, source: string): SourceRecord => {
    const { sources } = readerOf(signal);
    const record = sources.get(source) ?? { late: new Map(), stale: new Map() };
    sources.set(source, record);
    return record;
  };
  return {
    patienceLeft: (signal, patienceMs) => readerOf(signal).began + patienceMs - Date.now(),
    late: (signal, source, question, since) => void recordOf(signal, source).late.set(question, since),
    stale: (signal, source, question, asOf) => void recordOf(signal, source).stale.set(question, asOf),
    asked: (signal, source) => void recordOf(signal, source),
    annotate(body, signal, health) {
      const reader = readers.get(signal);
      if (!reader || typeof body !== 'object' || body === null || !('notices' in body) || !Array.isArray(body.notices))
        return body;
      const own: SourceNoticeWire[] = [];
      const clocks = new Map(health().map(({ id, details }) => [id, Number(details.clockAheadSeconds ?? 0)]));
      for (const [source, { late, stale }] of reader.sources) {
        if (late.size > 0) own.push(lateNotice(source, late));
        if (stale.size > 0) own.push(staleNotice(source, stale));
        const ahead = clocks.get(source) ?? 0;
        if (Math.abs(ahead) > CLOCK_OFF_S) own.push(clockNotice(source, ahead));
      }
      if (own.length === 0) return body;
      const others = (body.notices as SourceNoticeWire[]).filter(({ kind }) => kind !== 'late');
      return { ...body, notices: [...others, ...own] };
    },
  };
}

const rfc3339 = (time: number): string => new Date(time).toISOString();
const secondsSince = (time: number): number => Math.max(1, Math.round((Date.now() - time) / 1000));
const earliest = (times: Iterable<number>): number => {
  let first = Number.POSITIVE_INFINITY;
  for (const time of times) first = Math.min(first, time);
  return first;
};

function lateNotice(source: string, late: ReadonlyMap<string, number>): SourceNoticeWire {
  const since = earliest(late.values());
  return {
    source,
    kind: 'late',
    message: `no answer for ${secondsSince(since)} s. Missing: ${questionText(late.keys())}. It appears here when it comes.`,
    whatToDo: null,
    missing: [...late.keys()].sort(),
    since: rfc3339(since),
  };
}

function staleNotice(source: string, stale: ReadonlyMap<string, number>): SourceNoticeWire {
  const asOf = earliest(stale.values());
  return {
    source,
    kind: 'stale',
    message: `answers slowly: ${questionText(stale.keys())} as of ${rfc3339(asOf).slice(11, 19)} UTC, ${secondsSince(asOf)} s ago.`,
    whatToDo: null,
    missing: [...stale.keys()].sort(),
    since: rfc3339(asOf),
  };
}

function clockNotice(source: string, aheadSeconds: number): SourceNoticeWire {
  return {
    source,
    kind: 'partial',
    message: `its clock is ${durationText(Math.abs(aheadSeconds))} ${aheadSeconds > 0 ? 'ahead of' : 'behind'} this machine's: what it measured may lie outside the window.`,
    whatToDo: 'Set both clocks by NTP.',
  };
}
