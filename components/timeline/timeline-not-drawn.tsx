'use client';
/** What a timeline of tiles leaves out of its lanes, said above them. */
import { notDrawn } from '../../lib/chart/timeline/timeline-text.ts';
import type { TimelineLanesWire } from '../../lib/contract/timeline-tile.ts';

export function NotDrawn({ answer }: { answer: TimelineLanesWire }) {
  const lines = notDrawn(answer);
  if (lines.length === 0) return null;
  return (
    <ul role="status" className="text-[var(--warn)]">
      {lines.map((line) => (
        <li key={line}>▲ {line}</li>
      ))}
    </ul>
  );
}
