/** Reads a problem without its schema (lib/contract/problem.ts), for pages: they bring no zod to the browser. */
import { ownValue } from '../model/own-value.ts';
import type { ProblemWire } from './problem.ts';

const isText = (value: unknown): value is string => typeof value === 'string';

function isChoices(value: unknown): boolean {
  if (value === undefined) return true;
  return Array.isArray(value) && value.every((each) => isFields(each, 'cluster', 'session', 'jobId'));
}

const isFields = (value: unknown, ...names: readonly string[]): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  names.every((name) => isText(ownValue(value as Record<string, unknown>, name)));

/** The problem that the body of an answer is; null where it is none. */
export function readProblem(body: unknown): ProblemWire | null {
  if (!isFields(body, 'type', 'title', 'detail', 'code')) return null;
  return Number.isFinite(body.status) && isChoices(body.choices) ? (body as unknown as ProblemWire) : null;
}
