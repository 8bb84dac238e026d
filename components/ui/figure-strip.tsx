/** A few numbers in one line above a page, each with what it is of. */

import type { ReactNode } from 'react';
import { Link } from './link.tsx';

export interface Figure {
  readonly label: string;
  readonly value: ReactNode;
  readonly note: string;
  readonly tone?: 'warn' | 'bad';
  readonly href?: string;
}

const COLOUR = { warn: 'var(--warn)', bad: 'var(--bad)' } as const;

export function FigureStrip({ label, figures }: { label: string; figures: readonly Figure[] }) {
  return (
    <dl
      aria-label={label}
      className="grid grid-cols-2 gap-px overflow-hidden rounded-md border border-[var(--line)] bg-[var(--line)] sm:grid-cols-3 lg:grid-cols-5"
    >
      {figures.map(({ label: name, value, note, tone, href }) => (
        <div
          key={name}
          className="bg-[var(--panel)] px-4 py-3 last:odd:col-span-2 sm:last:odd:col-span-1 sm:max-lg:[&:nth-child(5)]:col-span-2"
        >
          <dt className="text-[12px] text-[var(--muted)]">{name}</dt>
          <dd>
            <span
              className="block font-medium text-[20px] leading-7"
              style={tone ? { color: COLOUR[tone] } : undefined}
            >
              {href ? (
                <Link href={href} className="text-inherit no-underline hover:underline">
                  {value}
                </Link>
              ) : (
                value
              )}
            </span>
            <span className="text-[12px] text-[var(--muted)]">{note}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
