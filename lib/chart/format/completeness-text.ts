/** What a timeline does not show, by whom it was left out, and how many: in sentences with a tone. */
import type { Completeness } from '../../model/task.ts';
import { DEPTHS } from '../../model/timeline-tile.ts';

export interface CompletenessLine {
  readonly tone: 'ok' | 'quiet' | 'warn' | 'bad';
  readonly text: string;
}

/** Names that are listed; the others are counted. */
const MOST_TYPES = 5;

/** What was received and is of no use to X-Ray, by name; null where nothing was. */
export function unusedSentence(unused: Completeness['unused']): string | null {
  if (unused === undefined || unused.length === 0) return null;
  const named = unused.slice(0, MOST_TYPES).map(({ type, records }) => `${count(records)} ${type}`);
  const more = unused.length - named.length;
  return `Received and of no use to X-Ray: ${named.join(', ')}${more > 0 ? ` and ${more} other types` : ''}.`;
}

const count = (value: number): string => value.toLocaleString('en-US');
const attempts = (value: number): string => `${count(value)} ${value === 1 ? 'attempt' : 'attempts'}`;

/** The worst first; one line that says so where nothing is missing. */
export function completenessLines(
  completeness: Completeness,
  shown: {
    readonly attempts: number;
    readonly limited: boolean;
    readonly neverRan: number;
    /** Those beyond DEPTHS that overlap on one worker. */
    readonly tooDeep: number;
  },
): readonly CompletenessLine[] {
  const { source, reported, stored, dropped, truncated, reason } = completeness;
  const lines: CompletenessLine[] = [];
  if (shown.limited)
    lines.push({
      tone: 'bad',
      text: `X-Ray's row limit cut this answer: the first ${attempts(shown.attempts)} by start are drawn of ${count(Math.max(stored, shown.attempts))} stored. Filter by function or state to see the others.`,
    });
  if ((dropped ?? 0) > 0)
    lines.push({
      tone: 'bad',
      text: `Ray dropped ${count(dropped ?? 0)} task events before X-Ray could see them (its own buffers were full): attempts may be missing or seem to run on.`,
    });
  if (truncated)
    lines.push({ tone: 'bad', text: `Truncated by the source (${source}): ${reason ?? 'it cut its answer'}.` });
  else if (reason !== null) lines.push({ tone: 'warn', text: `${reason}.` });
  if (reported !== null && reported > stored)
    lines.push({
      tone: 'warn',
      text: `The source reports ${attempts(reported)}, X-Ray holds ${count(stored)}: ${count(reported - stored)} are missing.`,
    });
  if (shown.tooDeep > 0)
    lines.push({
      tone: 'warn',
      text: `${attempts(shown.tooDeep)} overlap more than ${DEPTHS} deep on one worker and are in no lane, table or sum here. Filter by function or state to see them.`,
    });
  if (lines.length === 0)
    lines.push({
      tone: 'ok',
      text: `All ${attempts(shown.attempts)} that X-Ray knows are here (${source}); nothing was dropped or truncated.`,
    });
  const unused = unusedSentence(completeness.unused);
  if (unused !== null) lines.push({ tone: 'quiet', text: unused });
  if (shown.neverRan > 0)
    lines.push({
      tone: 'quiet',
      text: `${attempts(shown.neverRan)} never reached a worker and have no lane.`,
    });
  return lines;
}
