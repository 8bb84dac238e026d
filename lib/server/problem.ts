/** An error that the HTTP API tells as it is (RFC 9457). Told apart by `problem`, not by class: see runtime.ts. */
import { PROBLEM_CODES, type ProblemCode, type ProblemWire } from '../contract/problem.ts';

export class ProblemError extends Error {
  readonly problem: ProblemWire;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail: string,
    extra: Partial<Pick<ProblemWire, 'choices'>> & { headers?: Record<string, string> } = {},
  ) {
    super(detail);
    this.name = 'ProblemError';
    const { headers, ...members } = extra;
    this.headers = headers ?? {};
    this.problem = {
      type: `urn:xray:problem:${code}`,
      title: TITLES[code],
      status: PROBLEM_CODES[code],
      detail,
      code,
      ...members,
    };
  }
}

const TITLES: Record<ProblemCode, string> = {
  'unknown-parameter': 'Unknown parameter',
  'invalid-parameter': 'Invalid parameter',
  'invalid-body': 'Invalid body',
  unauthorized: 'Authentication needed',
  forbidden: 'Not allowed',
  'not-found': 'Not found',
  'method-not-allowed': 'Method not allowed',
  'request-timeout': 'The body did not arrive in time',
  'ambiguous-job': 'Ambiguous job id',
  gone: 'No longer available',
  'too-large': 'Too large',
  'unsupported-media-type': 'Unsupported media type',
  overloaded: 'Overloaded',
  internal: 'Internal error',
  'source-failed': 'A source failed',
  'source-down': 'A source is down',
  'query-limit': 'Query limit reached',
};

const STORE_CODES: Readonly<Record<string, ProblemCode>> = {
  'store-failed': 'source-failed',
  'store-locked': 'source-down',
  'store-timeout': 'query-limit',
  'store-row-limit': 'query-limit',
  'store-bad-rows': 'invalid-body',
  'store-cancelled': 'query-limit',
  'prometheus-down': 'source-down',
  'prometheus-refused': 'source-failed',
  'alertmanager-down': 'source-down',
  'alertmanager-refused': 'source-failed',
  'ray-down': 'source-down',
  'source-late': 'source-down',
  'ray-refused': 'source-failed',
};

/** Any thrown value as a problem: known errors keep their words, others become `internal`. */
export function toProblem(error: unknown): { problem: ProblemWire; headers: Readonly<Record<string, string>> } {
  if (error instanceof Error && 'problem' in error) return error as ProblemError;
  const code = error instanceof Error && 'code' in error ? STORE_CODES[String(error.code)] : undefined;
  const words = error instanceof Error ? error.message : String(error);
  return new ProblemError(code ?? 'internal', words);
}
