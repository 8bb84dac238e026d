/** An error that the HTTP API tells as it is (RFC 9457). Told apart by `problem`, not by class: see runtime.ts. */
import { randomBytes } from 'node:crypto';
import { PROBLEM_CODES, PROBLEM_MEDIA_TYPE, type ProblemCode, type ProblemWire } from '../../contract/problem.ts';
import { errorMessage } from '../../model/error-message.ts';
import { ownValue } from '../../model/own-value.ts';
import { errorSentence } from '../../schema/error-sentence.ts';

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
    this.problem = problemOf(code, detail, members);
  }
}

/** `members`: title and status where they are not the code's own, and what the problem says more. */
export const problemOf = (code: ProblemCode, detail: string, members: Partial<ProblemWire> = {}): ProblemWire => ({
  type: `urn:xray:problem:${code}`,
  title: TITLES[code],
  status: PROBLEM_CODES[code],
  detail,
  code,
  ...members,
});

/** As it goes over the wire, whatever carries it: a response of a route, of the door, or a socket. */
export const encodedProblem = (
  problem: ProblemWire,
  headers: Readonly<Record<string, string>> = {},
): { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string } => ({
  status: problem.status,
  headers: { 'content-type': PROBLEM_MEDIA_TYPE, 'cache-control': 'no-store', ...headers },
  body: JSON.stringify(problem),
});

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
  'store-unwritable': 'source-down',
  'store-damaged': 'source-failed',
  'store-cancelled': 'query-limit',
  'prometheus-down': 'source-down',
  'prometheus-refused': 'source-failed',
  'alertmanager-down': 'source-down',
  'alertmanager-refused': 'source-failed',
  'ray-down': 'source-down',
  'source-late': 'source-down',
  'ray-refused': 'source-failed',
};

const shortId = (): string => randomBytes(6).toString('hex');

/**
 * Any thrown value as a problem. Errors of X-Ray's own keep their words, those of the store and of sources are said in one clean
 * sentence; of anything else the caller learns an id, under which the log has it whole.
 */
export function toProblem(error: unknown): { problem: ProblemWire; headers: Readonly<Record<string, string>> } {
  if (error instanceof Error && 'problem' in error) return error as ProblemError;
  const code = error instanceof Error && 'code' in error ? ownValue(STORE_CODES, String(error.code)) : undefined;
  // Exporters send again on 503, as OTLP and Ray's event export have it: what cannot be stored now is not lost for that.
  const again = code === 'source-down' ? { headers: { 'retry-after': '10' } } : {};
  if (code !== undefined) return new ProblemError(code, errorSentence(error), again);
  const id = shortId();
  const reason = (error instanceof Error && error.stack) || errorMessage(error);
  process.stderr.write(`${JSON.stringify({ level: 'error', event: 'internal', id, reason })}\n`);
  return new ProblemError('internal', `X-Ray failed; its log says why (id ${id})`);
}
