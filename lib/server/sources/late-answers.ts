/**
 * Questions to one source that may be slow. Nobody who looks waits longer than PATIENCE_MS for all questions together; what did not
 * come by then goes on in the background, once for all who ask, and is there for whoever asks next.
 *
 *   first look    |--- 2 s ---| answers without it, says so
 *   request       |----------------------------------| its answer is kept
 *   later looks        |-| |-|        joined, briefly |-| gets it
 *
 * A source that does not answer at all is left alone for longer and longer; what it answered before stands in while it is only slow.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SourceHealthWire } from '../../contract/health.ts';
import { errorMessage } from '../../model/error-message.ts';
import type { ReaderNotices } from './reader-notices.ts';

/** All questions of one reader together; the store's share of the 3 s comes on top. */
export const PATIENCE_MS = 2_000;
/** For a question to a source that is known to be slow. */
const SLOW_PATIENCE_MS = 250;
/** An answer that came late is given out again without asking for this long. */
const FRESH_MS = 5_000;
/** A refusal that came late is given out again without asking: what is refused for its size costs that much to ask. */
const REFUSAL_FRESH_MS = 30_000;
const MOST_REFUSALS = 256;
/** An older answer is called so. */
const STALE_AFTER_MS = 15_000;
/** How far apart in time two questions may be for the answer of one to stand in for the other. */
export const STANDS_IN_MS = 600_000;
/** Requests that are late at once; a further question is not sent. */
const MOST_LATE = 16;
const KEPT_BYTES = 32 * 1024 ** 2;
const KEPT_BYTES_EACH = 4 * 1024 ** 2;
/** A source that answered late is slow for this long. */
export const SLOW_FOR_MS = 60_000;
const BACK_OFF = { first: 1_000, longest: 30_000 } as const;

export interface Question<Answer> {
  /** Kebab-case name, as `missing` says it. */
  readonly name: string;
  /** The question without its window; answers of one key may stand in for one another. */
  readonly key: string;
  /** The question with its window. */
  readonly exact: string;
  /** Unix ms that the answer is of. */
  readonly at: number;
  readonly ask: () => Promise<Answer>;
  /** What a kept answer takes, roughly, bytes. */
  readonly cost: (answer: Answer) => number;
  /** The answer of a question of the same key made one of this; null where it cannot stand in. */
  readonly standIn: (answer: Answer) => Answer | null;
}

interface Flight {
  readonly key: string;
  readonly exact: string;
  readonly result: Promise<unknown>;
  readonly began: number;
  isLate: boolean;
}
interface Kept {
  readonly answer: unknown;
  readonly exact: string;
  readonly at: number;
  readonly began: number;
  readonly heard: number;
  readonly cost: number;
  readonly wasLate: boolean;
}

/** Nothing came within the patience of who asked. Told apart by `code`. */
export class LateError extends Error {
  readonly code: string;
  readonly whatToDo: string | null;
  /** Unix ms. */
  readonly since: number;

  constructor(source: string, name: string, since: number) {
    super(`${source} has not answered "${name}" yet`);
    this.name = 'LateError';
    this.code = 'source-late';
    this.since = since;
    this.whatToDo = null;
  }
}

/** The source has not answered the questions before, so this one was not sent. Told apart by the `code` of those. */
class NotSentError extends Error {
  readonly code: string;
  readonly whatToDo: string | null;

  constructor(source: string, name: string, last: unknown) {
    super(`"${name}" was not asked, because ${source} did not answer: ${errorMessage(last)}`);
    this.name = 'NotSentError';
    this.code = codeOf(last);
    this.whatToDo = last instanceof Error && 'whatToDo' in last ? String(last.whatToDo) : null;
  }
}

export interface LateAnswers {
  /**
   * Rejects with LateError, or as the source does. Without a signal nobody looks: waits as long as the request takes. The request is
   * never ended by a signal.
   */
  readonly ask: <Answer>(question: Question<Answer>, signal?: AbortSignal) => Promise<Answer>;
  /** The source's health, with `details.slowSince` (RFC 3339) while it was late for a reader within the last minute. */
  readonly health: () => SourceHealthWire;
}

export interface LateOptions {
  /** As notices name it: `prometheus`, `ray:prod`. */
  readonly source: string;
  readonly health: () => SourceHealthWire;
  readonly readers: ReaderNotices;
  readonly patienceMs?: number;
}

export function createLateAnswers({ source, health, readers, patienceMs = PATIENCE_MS }: LateOptions): LateAnswers {
  const flights = new Map<string, Flight>();
  const lateByKey = new Map<string, Flight>();
  /** Oldest first. */
  const kept = new Map<string, Kept>();
  let keptBytes = 0;
  /** Failures that came when nobody waited for them any more, by key of the question; oldest first. */
  const refusals = new Map<string, { readonly error: unknown; readonly heard: number }>();
  let slowSince: number | null = null;
  /** When a reader first and last had to go without an answer, or got one that had been late. */
  let wasLate: { readonly since: number; readonly last: number } | null = null;
  let failures = 0;
  let open: { readonly since: number; readonly at: number; readonly until: number; readonly error: unknown } | null =
    null;

  function keep<Answer>(question: Question<Answer>, answer: Answer, flight: Flight): void {
    forget(question.key);
    const cost = question.cost(answer);
    if (cost > KEPT_BYTES_EACH) return;
    const { exact, at } = question;
    kept.set(question.key, {
      answer,
      exact,
      at,
      began: flight.began,
      heard: Date.now(),
      cost,
      wasLate: flight.isLate,
    });
    keptBytes += cost;
    for (const [key] of kept) {
      if (keptBytes <= KEPT_BYTES) break;
      forget(key);
    }
  }
  function forget(key: string): void {
    const entry = kept.get(key);
    if (!entry) return;
    kept.delete(key);
    keptBytes -= entry.cost;
  }

  function start<Answer>(question: Question<Answer>): Flight {
    const began = Date.now();
    const result = question.ask();
    const flight: Flight = { key: question.key, exact: question.exact, began, isLate: false, result };
    flights.set(question.exact, flight);
    const over = (): void => {
      flights.delete(question.exact);
      if (lateByKey.get(question.key) === flight) lateByKey.delete(question.key);
    };
    result.then(
      (answer) => {
        over();
        refusals.delete(question.key);
        failures = 0;
        open = null;
        if (flight.isLate) noteLate(began);
        if (Date.now() - began <= patienceMs) slowSince = null;
        keep(question, answer, flight);
      },
      (error: unknown) => {
        over();
        if (flight.isLate && !isDown(error)) {
          refusals.delete(question.key);
          refusals.set(question.key, { error, heard: Date.now() });
          for (const key of refusals.keys()) {
            if (refusals.size <= MOST_REFUSALS) break;
            refusals.delete(key);
          }
        }
        if (!isDown(error)) return;
        failures += 1;
        const now = Date.now();
        if (failures < 2 && !timedOut(error)) return;
        const pause = Math.min(BACK_OFF.longest, BACK_OFF.first * 2 ** Math.min(failures, 10));
        open = { since: open?.since ?? began, at: now, until: now + pause, error };
      },
    );
    return flight;
  }

  /** An answer from before, made one of this question; null where there is none. */
  function before<Answer>(question: Question<Answer>): { answer: Answer; asOf: number } | null {
    const entry = kept.get(question.key);
    if (!entry || Math.abs(entry.at - question.at) > STANDS_IN_MS || Date.now() - entry.heard > STANDS_IN_MS)
      return null;
    const answer = entry.exact === question.exact ? (entry.answer as Answer) : question.standIn(entry.answer as Answer);
    return answer === null ? null : { answer, asOf: entry.began };
  }

  /** `since`: when it was asked. A reader who had waited for other sources already says nothing about this one. */
  function noteLate(since: number): void {
    const now = Date.now();
    if (now - since < patienceMs / 2) return;
    wasLate = { since: isSlow() ? (wasLate?.since ?? now) : now, last: now };
  }
  const isSlow = (): boolean => wasLate !== null && Date.now() - wasLate.last < SLOW_FOR_MS;

  function late<Answer>(question: Question<Answer>, since: number, signal: AbortSignal): Answer {
    noteLate(since);
    const old = before(question);
    if (old === null) {
      readers.late(signal, source, question.name, since);
      throw new LateError(source, question.name, since);
    }
    if (Date.now() - old.asOf > STALE_AFTER_MS) readers.stale(signal, source, question.name, old.asOf);
    return old.answer;
  }

  /** While a source does not answer: the error, at once, until it is time to try again or its health says it is back. */
  function refuseWhileOpen<Answer>(question: Question<Answer>, signal?: AbortSignal): Answer | null {
    if (open === null) return null;
    const { lastSuccess, state } = health();
    if (state !== 'down' && lastSuccess !== null && Date.parse(lastSuccess) > open.at) open = null;
    if (open === null || Date.now() >= open.until) return null;
    if (signal && timedOut(open.error)) return late(question, open.since, signal);
    throw new NotSentError(source, question.name, open.error);
  }

  async function ask<Answer>(question: Question<Answer>, signal?: AbortSignal): Promise<Answer> {
    signal?.throwIfAborted();
    if (signal) readers.asked(signal, source);
    const entry = kept.get(question.key);
    if (signal && entry?.wasLate && entry.exact === question.exact && Date.now() - entry.heard < FRESH_MS)
      return entry.answer as Answer;
    if (signal && entry?.wasLate && Date.now() - entry.heard < FRESH_MS) {
      const old = before(question);
      if (old !== null) return old.answer;
    }
    const refusal = refusals.get(question.key);
    if (signal && refusal && Date.now() - refusal.heard < REFUSAL_FRESH_MS) throw refusal.error;
    const refused = refuseWhileOpen(question, signal);
    if (refused !== null) return refused;
    const joined = flights.get(question.exact) ?? lateByKey.get(question.key);
    if (!joined && signal && lateCount(flights) >= MOST_LATE) return late(question, slowSince ?? Date.now(), signal);
    const flight = joined ?? start(question);
    const made = async (): Promise<Answer> => {
      const answer = (await flight.result) as Answer;
      if (flight.exact === question.exact) return answer;
      const old = question.standIn(answer);
      if (old === null) return ask(question, signal);
      return old;
    };
    if (!signal) return made();
    const waitMs = Math.max(
      0,
      Math.min(readers.patienceLeft(signal, patienceMs), slowSince === null ? patienceMs : SLOW_PATIENCE_MS),
    );
    const timer = new AbortController();
    const result = made();
    result.catch(() => undefined);
    try {
      const first = await Promise.race([
        result.then((answer) => ({ answer })),
        sleep(waitMs, null, { signal: AbortSignal.any([timer.signal, signal]) }).catch(() => null),
      ]);
      if (first !== null) return first.answer;
    } finally {
      timer.abort();
    }
    signal.throwIfAborted();
    flight.isLate = true;
    if (flights.get(flight.exact) === flight) lateByKey.set(flight.key, flight);
    slowSince ??= flight.began;
    return late(question, flight.began, signal);
  }
  return {
    ask,
    health() {
      const shown = health();
      if (wasLate === null || !isSlow()) return shown;
      return { ...shown, details: { ...shown.details, slowSince: new Date(wasLate.since).toISOString() } };
    },
  };
}

function lateCount(flights: ReadonlyMap<string, Flight>): number {
  let count = 0;
  for (const { isLate } of flights.values()) if (isLate) count += 1;
  return count;
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');
const isDown = (error: unknown): boolean => codeOf(error).endsWith('-down');
/** The request's time was over: slow, as far as can be told. */
const timedOut = (error: unknown): boolean => error instanceof Error && codeOf(error.cause) === 'timed-out';
