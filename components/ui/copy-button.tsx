'use client';
/** Copies a text and says that it did. */
import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';

export function CopyButton({ label, text }: { label: string; text: () => string }) {
  const [said, setSaid] = useState<'copied' | 'refused' | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), 1600);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <button
      type="button"
      className="inline-flex items-center gap-1.5 rounded border border-[var(--line)] px-2 py-1 text-[12px] hover:bg-[var(--panel-2)]"
      onClick={() =>
        navigator.clipboard.writeText(text()).then(
          () => setSaid('copied'),
          () => setSaid('refused'),
        )
      }
    >
      {said === 'copied' ? <Check aria-hidden="true" size={13} /> : <Copy aria-hidden="true" size={13} />}
      <span aria-live="polite">
        {said === 'copied' ? 'Copied' : said === 'refused' ? 'The browser refused to copy' : label}
      </span>
    </button>
  );
}
