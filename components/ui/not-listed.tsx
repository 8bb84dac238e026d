/** What an answer leaves out of a list, said beside it; nothing where it is whole. */
import { formatCount } from '../../lib/chart/format/number-format.ts';

/** `one` and `many` complete the count, as in `earlier attempt` and `earlier attempts`. */
export function NotListed({ count, one, many }: { count: number; one: string; many: string }) {
  if (count === 0) return null;
  return (
    <p role="status" className="px-4 py-2 text-[12px] text-[var(--warn)]">
      ▲ {formatCount(count)} {count === 1 ? `${one} is` : `${many} are`} not listed
    </p>
  );
}
