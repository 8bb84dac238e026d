/** One measured figure of a bench, and the budget it is held against (budgets.json). */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

export interface Measured {
  readonly suite: string;
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** A suite may bring its own; budgets.json wins. */
  readonly budget?: number | null;
  readonly holds?: boolean;
}
export type Report = (measured: Measured) => void;

const Budget = z.union([z.strictObject({ max: z.number() }), z.strictObject({ min: z.number() })]);
const Budgets = z.record(z.string(), z.record(z.string(), Budget));
const budgets = Budgets.parse(JSON.parse(readFileSync(new URL('budgets.json', import.meta.url), 'utf8')));

/**
 * The figure with its budget. `script-gzip /jobs` is held against the budget of `script-gzip`: what stands behind a space
 * says of what.
 */
export function judged(measured: Measured): Required<Measured> {
  const budget = budgets[measured.suite]?.[measured.figure.split(' ')[0] ?? ''];
  const value = Number(measured.value.toPrecision(4));
  const base = { suite: measured.suite, figure: measured.figure, value, unit: measured.unit };
  if (!budget) return { ...base, budget: measured.budget ?? null, holds: measured.holds ?? true };
  const holds = 'max' in budget ? measured.value <= budget.max : measured.value >= budget.min;
  return { ...base, budget: 'max' in budget ? budget.max : budget.min, holds };
}

/** The middle one. */
export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
