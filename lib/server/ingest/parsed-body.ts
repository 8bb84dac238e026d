/** What becomes of a body: lines for the store, and records that were refused with their reasons. */

import type { SessionSighting } from '../../model/task.ts';
import { errorSentence } from '../../schema/error-sentence.ts';
import { type EncodedRows, encodeRows } from '../../store/engine.ts';
import { ProblemError } from '../http/problem.ts';
import type { Config } from '../runtime/config.ts';

export interface TableRows extends EncodedRows {
  readonly table: string;
}

export interface Reject {
  /** Counts records (spans) through the whole body, from 0. */
  readonly position: number;
  readonly reason: string;
}

/** Plain data: it crosses from a worker. */
export interface ParsedBody {
  /** In pieces: a table may come several times. */
  readonly tables: readonly TableRows[];
  readonly sightings: readonly SessionSighting[];
  /** Sessions that send events, and `<session>/<job>` of jobs whose drivers do. */
  readonly exporters: readonly string[];
  readonly accepted: number;
  readonly ignored: Readonly<Record<string, number>>;
  readonly rejected: number;
  /** The first thousand. */
  readonly rejects: readonly Reject[];
  /** Records that were kept without something; the first few. */
  readonly notes: readonly Reject[];
  /** Of those rejected: spans that are older than the retention. */
  readonly older: number;
}

export interface ParseJob {
  readonly kind: 'otlp' | 'ray-events' | 'ray-timeline';
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly cluster: string | null;
  /** Only of timeline files: the session and job they belong to, where the sender knows. */
  readonly session?: string | null;
  readonly job?: string | null;
  readonly limits: Config['limits'];
  /** Only of spans. */
  readonly spans?: SpanAge;
}

/** How old spans may be. */
export interface SpanAge {
  /** Unix ns: what started before it is set aside, unless it is a recording. */
  readonly oldestNs: bigint;
  /** Days that traces are kept. */
  readonly days: number;
  /** Of a recording: now, Unix s. Null: it comes live. */
  readonly imported: number | null;
}

const REJECTS_KEPT = 1000;
const RECORD_SHOWN = 2000;

export const message = (error: unknown): string => errorSentence(error, 'the body');

export function refuseMany(count: number, what: string, limits: Config['limits']): void {
  if (count > limits.records)
    throw new ProblemError(
      'too-large',
      `the body has over ${limits.records} ${what}, which is the limit: send smaller batches`,
    );
}

/** Rows of xray.ingest_rejects. */
export function rejectRows(
  endpoint: string,
  rejects: readonly Reject[],
  record: (reject: Reject) => string,
): TableRows[] {
  const rows = rejects.slice(0, REJECTS_KEPT).map((reject) => ({
    endpoint,
    position: reject.position,
    reason: reject.reason.slice(0, RECORD_SHOWN),
    record: record(reject).slice(0, RECORD_SHOWN),
  }));
  return rows.length > 0 ? [{ table: 'xray.ingest_rejects', ...encodeRows(rows) }] : [];
}

/** Records that were refused: all are counted, the first thousand are kept, cut to what is shown. */
export class RejectList {
  total = 0;
  readonly first: Reject[] = [];
  private readonly records: string[] = [];

  add(position: number, reason: string, record: () => string = () => ''): void {
    this.total += 1;
    if (this.first.length >= REJECTS_KEPT) return;
    this.first.push({ position, reason: reason.slice(0, RECORD_SHOWN) });
    this.records.push(record().slice(0, RECORD_SHOWN));
  }

  /** '' where none is so. */
  firstReason(is: (reason: string) => boolean): string {
    return this.first.find(({ reason }) => is(reason))?.reason ?? '';
  }

  rows(endpoint: string): TableRows[] {
    let at = 0;
    return rejectRows(endpoint, this.first, () => this.records[at++] ?? '');
  }
}
