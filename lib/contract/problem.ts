/** Errors of the HTTP API: RFC 9457 problem details, media type application/problem+json. */
import { z } from 'zod';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

export const Problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  /** What was asked, why it failed, what to do next. */
  detail: z.string(),
  /** Closed set, stable: see PROBLEM_CODES. */
  code: z.string(),
  /** On `ambiguous-job`: the jobs to choose from. */
  choices: z.array(z.object({ cluster: z.string(), session: z.string(), jobId: z.string() })).optional(),
});
export type ProblemWire = z.infer<typeof Problem>;

export const PROBLEM_CODES = {
  'unknown-parameter': 400,
  'invalid-parameter': 400,
  'invalid-body': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'request-timeout': 408,
  'ambiguous-job': 409,
  gone: 410,
  'too-large': 413,
  'unsupported-media-type': 415,
  overloaded: 429,
  internal: 500,
  'source-failed': 502,
  'source-down': 503,
  'query-limit': 503,
} as const;
export type ProblemCode = keyof typeof PROBLEM_CODES;
