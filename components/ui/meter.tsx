/** Used of total as a bar and in words. */

/** `used` and `total` share a unit, which `text` states; null is not measured, and draws no bar. */
export function Meter({
  label,
  used,
  total,
  text,
}: {
  label: string;
  used: number | null;
  total: number | null;
  text: string;
}) {
  const share = used === null || total === null || total <= 0 ? null : Math.min(1, Math.max(0, used / total));
  return (
    <div className="min-w-32">
      <div className="flex justify-between gap-3">
        <span className="text-[var(--muted)]">{label}</span>
        <span>{share === null && used === null ? 'not measured' : text}</span>
      </div>
      <div aria-hidden="true" className="mt-1 h-1.5 overflow-hidden rounded-full bg-[var(--panel-2)]">
        {share === null ? null : <div className="h-full bg-[var(--accent)]" style={{ width: `${100 * share}%` }} />}
      </div>
    </div>
  );
}
