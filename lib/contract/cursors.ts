/** Where a page of a list begins: taken from `nextCursor` of the page before, opaque to callers, read here and nowhere else. */
import { z } from 'zod';
import { INT64_MAX } from './parameters.ts';

const WHAT = 'expected the nextCursor of the page before';
const LONGEST = 1200;

/** A cursor of another form is an issue. `read` answers null where it is none. */
const cursor = <Place>(read: (text: string) => Place | null) =>
  z.string().transform((text, context): Place => {
    const location = text.length > LONGEST ? null : read(text);
    if (location !== null) return location;
    context.addIssue({ code: 'custom', message: WHAT });
    return z.NEVER;
  });

/** Rows before this page. */
export const OffsetCursor = cursor((text) => (/^\d{1,9}$/.test(text) ? Number(text) : null));

const int64 = (text: string): bigint | null => (BigInt(text) <= INT64_MAX ? BigInt(text) : null);

/** Of traces: the last row's start (Unix ns) and id. */
export const TraceCursor = cursor((text) => {
  const [, ns, afterId] = /^(\d{1,19})\.([0-9a-f]{32})$/.exec(text) ?? [];
  const afterNs = ns === undefined ? null : int64(ns);
  return afterNs === null || afterId === undefined ? null : { afterNs, afterId };
});
export type TraceLocation = z.output<typeof TraceCursor>;
export const traceCursorOf = (startNs: string, traceId: string): string => `${startNs}.${traceId}`;

/** Of task attempts: the last row's creation (Unix ns), attempt and task id. */
export const AttemptCursor = cursor((text) => {
  const [, ns, attempt, after] = /^(\d{1,19})\.(\d{1,9})\.(.{1,1000})$/su.exec(text) ?? [];
  const afterNs = ns === undefined ? null : int64(ns);
  return afterNs === null || after === undefined ? null : { afterNs, afterAttempt: Number(attempt), after };
});
export type AttemptLocation = z.output<typeof AttemptCursor>;
export const attemptCursorOf = (createdNs: string, attempt: number, taskId: string): string =>
  `${createdNs}.${attempt}.${taskId}`;
