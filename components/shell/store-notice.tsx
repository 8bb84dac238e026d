'use client';
/** Says on every page that the store has lost something, or takes nothing in: what is shown is then not all there was. */
import { healthAddress } from '../../lib/contract/requests/addresses.ts';
import { useApi } from '../queries/api-client.ts';
import { Link } from '../ui/link.tsx';

export function StoreNotice() {
  const store = useApi(healthAddress, {}, { refreshMs: 5_000 }).data?.sources.find(({ kind }) => kind === 'store');
  if (store === undefined || store.reason === null || (store.state !== 'degraded' && store.state !== 'down'))
    return null;
  const colour = store.state === 'down' ? 'var(--bad)' : 'var(--warn)';
  return (
    <div
      role="status"
      aria-label="Store"
      className="flex gap-2 border-b bg-[var(--panel)] px-4 py-1.5 text-[12px] [overflow-wrap:anywhere]"
      style={{ borderColor: colour }}
    >
      <span aria-hidden="true" style={{ color: colour }}>
        {store.state === 'down' ? '✕' : '▲'}
      </span>
      <span>
        Store: <span className="max-sm:line-clamp-3">{store.reason}.</span> <Link href="/sources">What to do</Link>
      </span>
    </div>
  );
}
