/** Parts of a whole as one bar, with what it means in words beside it. Colour never stands alone: parts have names. */
import type { ReactNode } from 'react';

export interface SharePart {
  readonly name: string;
  readonly count: number;
  readonly colour: string;
  /** Hatched: there, but doing nothing. */
  readonly hatched?: boolean;
}

/** `parts` and `total` share a unit; null for the total: not known, and no bar is drawn. */
export function ShareBar({
  label,
  value,
  note,
  parts,
  total,
}: {
  label: string;
  value: ReactNode;
  note?: ReactNode;
  parts: readonly SharePart[];
  total: number | null;
}) {
  return (
    <div className="min-w-0">
      <div className="flex items-baseline justify-between gap-2">
        <span className="text-[12px] text-[var(--muted)]">{label}</span>
        <span className="truncate max-sm:text-[12px]">{value}</span>
      </div>
      <div aria-hidden="true" className="mt-1 flex h-1.5 overflow-hidden rounded-full bg-[var(--track)]">
        {total === null || total <= 0
          ? null
          : parts.map((part) => (
              <div
                key={part.name}
                title={part.name}
                style={{
                  width: `${(100 * Math.min(part.count, total)) / total}%`,
                  background: part.hatched
                    ? `repeating-linear-gradient(-45deg, ${part.colour} 0 3px, transparent 3px 6px)`
                    : part.colour,
                }}
              />
            ))}
      </div>
      <div className="mt-0.5 h-4 truncate text-[12px] text-[var(--muted)] leading-4">{note}</div>
    </div>
  );
}
