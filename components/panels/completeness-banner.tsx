'use client';
/** What an answer about tasks does not show, by whom it was left out and how many. */
import type { CompletenessLine } from '../../lib/chart/format/completeness-text.ts';

const SHAPE = { ok: '●', quiet: '○', warn: '▲', bad: '✕' } as const;
const COLOUR = { ok: 'var(--ok)', quiet: 'var(--muted)', warn: 'var(--warn)', bad: 'var(--bad)' } as const;

export function CompletenessBanner({ lines }: { lines: readonly CompletenessLine[] }) {
  const worst = lines.some(({ tone }) => tone === 'bad')
    ? 'bad'
    : lines.some(({ tone }) => tone === 'warn')
      ? 'warn'
      : null;
  return (
    <ul
      aria-label="Completeness"
      className="space-y-0.5 rounded-md border bg-[var(--panel)] px-4 py-2 text-[12px]"
      style={{ borderColor: worst === null ? 'var(--line)' : COLOUR[worst] }}
    >
      {lines.map(({ tone, text }) => (
        <li key={text} className="flex gap-2">
          <span aria-hidden="true" style={{ color: COLOUR[tone] }}>
            {SHAPE[tone]}
          </span>
          <span className={tone === 'ok' || tone === 'quiet' ? 'text-[var(--muted)]' : ''}>{text}</span>
        </li>
      ))}
    </ul>
  );
}
