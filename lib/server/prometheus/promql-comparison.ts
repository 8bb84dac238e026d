/** What an alert's expression compares, and with what: enough of PromQL to find its top-level comparison. */
import { ownValue } from '../../model/own-value.ts';

export interface Comparison {
  readonly expression: string;
  /** Null where the right side is not a number. */
  readonly threshold: number | null;
  readonly comparison: string | null;
}

interface Operator {
  readonly text: string;
  readonly at: number;
}

const FLIPPED: Readonly<Record<string, string>> = {
  '>': '<',
  '<': '>',
  '>=': '<=',
  '<=': '>=',
  '==': '==',
  '!=': '!=',
};

/**
 * `a / b > 0.9` becomes (`a / b`, `>`, 0.9). Of `x > 1 and y` and `x > 1 unless y` the left side counts, because the
 * alert's value is its value. With `or`, `bool`, or no comparison with a number, the whole expression and null.
 */
export function splitComparison(promql: string): Comparison {
  const whole = { expression: promql, threshold: null, comparison: null };
  const text = withoutParentheses(promql);
  const operators = topLevel(text);
  if (operators.some((one) => one.text === 'or')) return whole;
  const set = operators.find((one) => one.text === 'and' || one.text === 'unless');
  if (set) return splitComparison(text.slice(0, set.at).trim());
  const operator = operators.findLast((one) => Object.hasOwn(FLIPPED, one.text));
  if (!operator) return whole;
  const left = text.slice(0, operator.at).trim();
  const right = text.slice(operator.at + operator.text.length).trim();
  if (/^bool\b/.test(right)) return whole;
  const threshold = numberOf(right);
  if (threshold !== null) return { expression: left, threshold, comparison: operator.text };
  const flipped = numberOf(left);
  if (flipped !== null)
    return { expression: right, threshold: flipped, comparison: ownValue(FLIPPED, operator.text) ?? null };
  return { expression: withoutMatching(left, right) ? left : promql, threshold: null, comparison: null };
}

const withoutMatching = (left: string, right: string): boolean => left !== '' && right !== '';

function numberOf(text: string): number | null {
  const bare = withoutParentheses(text);
  if (/^[+-]?inf$/i.test(bare)) return bare.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(bare) ? Number(bare) : null;
}

function withoutParentheses(given: string): string {
  let text = given.trim();
  while (text.startsWith('(') && closing(text) === text.length - 1) text = text.slice(1, -1).trim();
  return text;
}

/** Index of the parenthesis that closes the one at 0. */
function closing(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    i = skipString(text, i);
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i;
  }
  return -1;
}

function skipString(text: string, at: number): number {
  const quote = text[at];
  if (quote !== '"' && quote !== "'" && quote !== '`') return at;
  let i = at + 1;
  while (i < text.length && text[i] !== quote) i += text[i] === '\\' && quote !== '`' ? 2 : 1;
  return i;
}

function topLevel(text: string): Operator[] {
  const found: Operator[] = [];
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    i = skipString(text, i);
    const char = text[i] ?? '';
    if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char)) depth--;
    else if (depth === 0) {
      const match = /^(==|!=|>=|<=|>|<|\b(?:and|or|unless)\b)/i.exec(text.slice(i));
      if (match?.[1] && (!/[a-z]/i.test(match[1]) || !/[\w:]/.test(text[i - 1] ?? ' '))) {
        found.push({ text: match[1].toLowerCase(), at: i });
        i += match[1].length - 1;
      }
    }
  }
  return found;
}
