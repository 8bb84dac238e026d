'use client';
/** The frame of every page: navigation at the left (below on a phone); palette, health and theme at the top. */
import { Activity, LogOut, Moon, Search, Sun } from 'lucide-react';
import dynamic from 'next/dynamic';
import { usePathname, useRouter } from 'next/navigation';
import { type ReactNode, useMemo, useState } from 'react';
import { healthAddress } from '../../lib/contract/requests/addresses.ts';
import { useApi } from '../queries/api-client.ts';
import { healthSummary } from '../queries/health-summary.ts';
import { Link } from '../ui/link.tsx';
import { StatusPill } from '../ui/status-pill.tsx';
import { ConnectionLost } from './connection-lost.tsx';
import { DemoBanner } from './demo-banner.tsx';
import { LateSources } from './late-sources.tsx';
import { PAGES } from './pages.ts';
import { ShareButton } from './share-button.tsx';
import { useShortcuts } from './shortcuts.ts';
import { StoreNotice } from './store-notice.tsx';
import { toggleTheme } from './theme.ts';

const CommandPalette = dynamic(() => import('./command-palette.tsx').then((loaded) => loaded.CommandPalette), {
  ssr: false,
});
const KeyboardHelp = dynamic(() => import('./keyboard-help.tsx').then((loaded) => loaded.KeyboardHelp), { ssr: false });

function HealthLink() {
  const health = useApi(healthAddress, {}, { refreshMs: 5_000 });
  const { tone, text } = health.isError
    ? ({ tone: 'bad', text: 'X-Ray does not answer' } as const)
    : health.data
      ? healthSummary(health.data.sources)
      : ({ tone: 'quiet', text: 'Checking sources' } as const);
  return (
    <Link href="/sources" className="whitespace-nowrap">
      <StatusPill tone={tone}>{text}</StatusPill>
    </Link>
  );
}

/** `canSignOut`: the reader signed in with a token. */
export function Shell({ children, canSignOut = false }: { children: ReactNode; canSignOut?: boolean }) {
  const path = usePathname();
  const router = useRouter();
  const [open, setOpen] = useState<'palette' | 'help' | null>(null);
  const keys = useMemo(
    () => ({
      palette: () => setOpen((now) => (now === 'palette' ? null : 'palette')),
      help: () => setOpen('help'),
      go: (href: string) => router.push(href),
    }),
    [router],
  );
  useShortcuts(keys);
  return (
    <div className="min-h-dvh pb-14 sm:pb-0 sm:pl-44">
      <LateSources />
      <a
        href="#content"
        className="-translate-y-16 absolute top-2 left-2 z-20 bg-[var(--panel)] px-3 py-1 focus:translate-y-0"
      >
        Skip to content
      </a>
      <nav
        aria-label="Pages"
        className="fixed inset-x-0 bottom-0 z-10 border-[var(--line)] border-t bg-[var(--panel)] sm:inset-y-0 sm:right-auto sm:w-44 sm:border-t-0 sm:border-r"
      >
        <Link
          href="/"
          className="hidden items-center gap-2 px-4 py-4 font-semibold text-[15px] text-[var(--text)] sm:flex"
        >
          <Activity aria-hidden="true" size={18} color="var(--accent)" /> X-Ray
        </Link>
        <ul className="flex sm:block sm:px-2">
          {PAGES.map(({ href, title, icon: Icon }) => {
            const here = href === '/' ? path === '/' || path.startsWith('/clusters') : path.startsWith(href);
            return (
              <li key={href} className="min-w-0 flex-1">
                <Link
                  href={href}
                  aria-current={here ? 'page' : undefined}
                  className={`flex flex-col items-center gap-0.5 rounded py-2 text-[10px] leading-4 tracking-tight sm:flex-row sm:gap-3 sm:px-3 sm:text-[13px] sm:leading-5 sm:tracking-normal ${here ? 'bg-[var(--panel-2)] text-[var(--text)]' : 'text-[var(--muted)]'}`}
                >
                  <Icon aria-hidden="true" size={16} className="shrink-0" /> {title}
                </Link>
              </li>
            );
          })}
        </ul>
      </nav>
      <header>
        <div className="flex h-12 items-center gap-3 border-[var(--line)] border-b px-4">
          <button
            type="button"
            onClick={keys.palette}
            aria-keyshortcuts="Control+K Meta+K"
            className="flex min-w-0 items-center gap-2 rounded-md border border-[var(--line)] bg-[var(--panel)] px-2.5 py-1 text-[var(--muted)] hover:text-[var(--text)] sm:w-80"
          >
            <Search aria-hidden="true" size={14} className="shrink-0" />
            <span className="truncate">
              Search<span className="max-sm:hidden">, or go anywhere</span>
            </span>
            <kbd className="mono ml-auto whitespace-nowrap text-[11px] max-sm:hidden">Ctrl K</kbd>
          </button>
          <div className="ml-auto" />
          <HealthLink />
          <ShareButton />
          <button
            type="button"
            aria-label="Switch between dark and light theme"
            onClick={toggleTheme}
            className="rounded p-1.5 text-[var(--muted)] hover:text-[var(--text)]"
          >
            <Sun aria-hidden="true" size={16} className="hidden [[data-theme=dark]_&]:block" />
            <Moon aria-hidden="true" size={16} className="hidden [[data-theme=light]_&]:block" />
          </button>
          <button
            type="button"
            aria-label="Every key"
            onClick={keys.help}
            className="rounded px-1.5 text-[var(--muted)] hover:text-[var(--text)] max-sm:hidden"
          >
            ?
          </button>
          {canSignOut ? (
            <form method="post" action="/signout" className="contents">
              <button
                type="submit"
                aria-label="Sign out"
                title="Sign out"
                className="rounded p-1.5 text-[var(--muted)] hover:text-[var(--text)]"
              >
                <LogOut aria-hidden="true" size={16} />
              </button>
            </form>
          ) : null}
        </div>
        <DemoBanner />
        <StoreNotice />
      </header>
      <main id="content" className="mx-auto max-w-[1600px] space-y-4 p-4">
        {children}
      </main>
      <ConnectionLost />
      {open === 'palette' ? <CommandPalette onClose={() => setOpen(null)} onHelp={keys.help} /> : null}
      {open === 'help' ? <KeyboardHelp onClose={() => setOpen(null)} /> : null}
    </div>
  );
}
