'use client';
/**
 * Says that the data is simulated. What the last visit knew is applied before first paint (before-paint.ts), so that the
 * banner neither appears late nor pushes the page down; dismissed until the tab is closed.
 */
import { useEffect } from 'react';
import { healthAddress } from '../../lib/contract/requests/addresses.ts';
import { useApi } from '../queries/api-client.ts';
import { Link } from '../ui/link.tsx';

export function DemoBanner() {
  const { demo, sources } = useApi(healthAddress, {}).data ?? {};
  const share = sources?.find(({ kind }) => kind === 'demo')?.details.historyShare;
  useEffect(() => {
    if (demo === undefined) return;
    localStorage.setItem('xray-demo', demo ? '1' : '0');
    document.documentElement.dataset.demo = demo && !sessionStorage.getItem('xray-demo-dismissed') ? '1' : '0';
  }, [demo]);
  return (
    <aside
      aria-label="Demo data"
      className="hidden items-center gap-3 border-[var(--line)] border-b bg-[var(--panel-2)] px-4 py-1.5 [[data-demo='1']_&]:flex"
    >
      <span>
        Simulated demo data. <Link href="/sources">Connect a real cluster</Link>
      </span>
      {typeof share === 'number' && share < 1 && (
        // Not on a phone, where the line would break in two for as long.
        <span className="text-[var(--muted)] tabular-nums max-sm:hidden">
          Its last six hours are coming in: {Math.floor(share * 100)} %
        </span>
      )}
      <button
        type="button"
        className="ml-auto text-[var(--muted)] hover:text-[var(--text)]"
        onClick={() => {
          sessionStorage.setItem('xray-demo-dismissed', '1');
          document.documentElement.dataset.demo = '0';
        }}
      >
        Dismiss
      </button>
    </aside>
  );
}
