/** What a panel shows instead of data. Nothing measured, question refused and source down are three different things. */
import type { ReactNode } from 'react';

export function Skeleton({ rows = 5 }: { rows?: number }) {
  return (
    <div role="status" aria-label="Loading" className="space-y-3 p-4">
      {Array.from({ length: rows }, (_, row) => `row-${row}`).map((key) => (
        <div key={key} className="h-4 animate-pulse rounded bg-[var(--panel-2)]" />
      ))}
    </div>
  );
}

export function EmptyState({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="px-4 py-10 text-center">
      <p className="font-medium">{title}</p>
      {children ? <div className="prose-links mx-auto mt-1 max-w-prose text-[var(--muted)]">{children}</div> : null}
    </div>
  );
}

export function ErrorState({ title, detail, onRetry }: { title: string; detail: string; onRetry?: () => void }) {
  return (
    <div role="alert" className="px-4 py-8 text-center">
      <p className="font-medium text-[var(--bad)]">
        <span aria-hidden="true">✕ </span>
        {title}
      </p>
      <p className="mx-auto mt-1 max-w-prose break-words text-[var(--muted)]">{detail}</p>
      {onRetry ? (
        <button
          type="button"
          onClick={onRetry}
          className="mt-3 rounded border border-[var(--line)] px-3 py-1 hover:bg-[var(--panel-2)]"
        >
          Try again
        </button>
      ) : null}
    </div>
  );
}
