'use client';
import { useState } from 'react';
import { healthRoute } from '../../lib/contract/health.ts';
import { useApi } from '../queries/api-client.ts';
/** Says that the data is simulated; dismissible until the page is loaded again. */
import { Link } from '../ui/link.tsx';

export function DemoBanner() {
  const [hidden, setHidden] = useState(false);
  const health = useApi(healthRoute, {});
  if (hidden || !health.data?.demo) return null;
  return (
    <div role="note" className="flex items-center gap-3 border-[var(--line)] border-b bg-[var(--panel-2)] px-4 py-1.5">
      <span>
        Simulated demo data. <Link href="/sources">Connect a real cluster</Link>
      </span>
      <button
        type="button"
        className="ml-auto text-[var(--muted)] hover:text-[var(--text)]"
        onClick={() => setHidden(true)}
      >
        Dismiss
      </button>
    </div>
  );
}
