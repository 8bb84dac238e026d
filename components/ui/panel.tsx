import type { ReactNode } from 'react';

/** A framed part of a page with a title and, at its right, actions. */
export function Panel({
  title,
  actions,
  children,
  flush = false,
}: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
  flush?: boolean;
}) {
  return (
    <section aria-label={title} className="rounded-md border border-[var(--line)] bg-[var(--panel)]">
      <header className="flex min-h-10 flex-wrap items-center justify-between gap-2 border-[var(--line)] border-b px-4 py-2">
        <h2 className="font-medium text-[13px]">{title}</h2>
        {actions}
      </header>
      <div className={flush ? '' : 'p-4'}>{children}</div>
    </section>
  );
}
