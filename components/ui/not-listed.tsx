/** What an answer leaves out of a list, said beside it; nothing where it is whole. */
import { formatCount } from '../../lib/chart/number-format.ts';

/** `what` completes "N …", as in `earlier attempts`. */
export function NotListed({ count, what }: { count: number; what: string }) {
  if (count === 0) return null;
  return (
    <p role="status" className="px-4 py-2 text-[12px] text-[var(--warn)]">
      ▲ {formatCount(count)} {what} not listed
    </p>
  );
}
