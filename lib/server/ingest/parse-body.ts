/**
 * A body's bytes to lines for the store, in one synchronous go: bounded in depth, records, values, time and bytes of rows
 * (parse-budget.ts). Small bodies are parsed where they arrive, big ones by the same function in a worker (parser-pool.ts).
 */
import { parseRayEvents, parseRayTimeline } from './parse-ray.ts';
import { parseSpans } from './parse-spans.ts';
import type { ParsedBody, ParseJob } from './parsed-body.ts';

const PARSERS: Readonly<Record<ParseJob['kind'], (job: ParseJob) => ParsedBody>> = {
  otlp: parseSpans,
  'ray-events': parseRayEvents,
  'ray-timeline': parseRayTimeline,
};

/** Throws ProblemError 400 or 413 with a sentence. */
export const parseBody = (job: ParseJob): ParsedBody => PARSERS[job.kind](job);
