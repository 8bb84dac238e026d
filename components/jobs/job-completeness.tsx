'use client';
/** What X-Ray does not know about a job's attempts, and why. */
import { unusedSentence } from '../../lib/chart/format/completeness-text.ts';
import { formatCount } from '../../lib/chart/format/number-format.ts';
import type { CompletenessWireValue } from '../../lib/contract/jobs.ts';
import { StatusPill } from '../ui/status-pill.tsx';

export function JobCompleteness({ completeness }: { completeness: CompletenessWireValue }) {
  const gaps = completeness.truncated || completeness.reason !== null || (completeness.dropped ?? 0) > 0;
  const missing =
    completeness.truncated && completeness.reported !== null ? completeness.reported - completeness.stored : 0;
  return (
    <p className="rounded-md border border-[var(--line)] px-4 py-2">
      <StatusPill tone={gaps ? 'warn' : 'ok'}>
        {gaps
          ? 'Attempts are missing'
          : completeness.reported === null
            ? 'No gaps reported'
            : `All ${formatCount(completeness.stored)} attempts are here`}
      </StatusPill>
      <span className="ml-3 text-[var(--muted)]">
        {formatCount(completeness.stored)} attempts stored from {completeness.source}
        {completeness.reported !== null ? `, ${formatCount(completeness.reported)} reported` : ''}
        {missing > 0 ? `, ${formatCount(missing)} missing` : ''}
        {completeness.dropped ? `, ${formatCount(completeness.dropped)} dropped by Ray` : ''}
        {completeness.reason ? `. ${completeness.reason}.` : '.'} {unusedSentence(completeness.unused)}
      </span>
    </p>
  );
}
