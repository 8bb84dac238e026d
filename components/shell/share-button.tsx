'use client';
/** Opens the dialog that makes a share of the page shown; not there on a page that cannot be shared. */
import { Share2 } from 'lucide-react';
import { usePathname } from 'next/navigation';
import { lazy, Suspense, useState } from 'react';
import { findPage } from '../../lib/contract/pages/find-page.ts';

const ShareDialog = lazy(async () => ({ default: (await import('./share-dialog.tsx')).ShareDialog }));

export function ShareButton() {
  const page = findPage(usePathname());
  const [open, setOpen] = useState(false);
  if (!page) return null;
  return (
    <>
      <button
        type="button"
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
        className="flex items-center gap-1.5 rounded border border-[var(--line)] px-2 py-1 hover:bg-[var(--panel-2)]"
      >
        <Share2 aria-hidden="true" size={14} />
        <span className="sr-only sm:not-sr-only">Share</span>
      </button>
      {open ? (
        <Suspense fallback={null}>
          <ShareDialog page={page.name} onClose={() => setOpen(false)} />
        </Suspense>
      ) : null}
    </>
  );
}
