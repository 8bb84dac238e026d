/** One line for the state of all sources, as every page shows it at the top. */
import type { SourceHealthWire } from '../../lib/contract/health.ts';

export interface HealthSummary {
  readonly tone: 'ok' | 'warn';
  readonly text: string;
}

/** Characters of a name that has room beside what else is at the top on a phone. */
const SHORT_NAME = 16;

/** What is wrong comes before what is slow (`details.slowSince`: late for a reader within the last minute). */
export function healthSummary(sources: readonly SourceHealthWire[]): HealthSummary {
  const unwell = sources.filter(({ state }) => state === 'down' || state === 'degraded').length;
  if (unwell > 0) return { tone: 'warn', text: `${unwell} source${unwell > 1 ? 's need' : ' needs'} attention` };
  const slow = sources.filter(({ details }) => details.slowSince !== undefined);
  const [only] = slow;
  if (only === undefined) return { tone: 'ok', text: 'All sources well' };
  const text =
    slow.length > 1
      ? `${slow.length} sources are slow`
      : only.id.length > SHORT_NAME
        ? '1 source is slow'
        : `${only.id} is slow`;
  return { tone: 'warn', text };
}
