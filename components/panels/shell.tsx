'use client';
/** The frame of every page: navigation at the left (below on a phone), health and theme at the top. */
import {
  Activity,
  BellRing,
  Briefcase,
  MemoryStick,
  Moon,
  Network,
  PlugZap,
  Server,
  Sun,
  Waypoints,
} from 'lucide-react';
import { usePathname } from 'next/navigation';
import type { ReactNode } from 'react';
import { healthRoute } from '../../lib/contract/health.ts';
import { useApi } from '../queries/api-client.ts';
import { Link } from '../ui/link.tsx';
import { StatusPill } from '../ui/status-pill.tsx';
import { DemoBanner } from './demo-banner.tsx';
import { ShareButton } from './share-button.tsx';

const PAGES = [
  { href: '/', title: 'Clusters', icon: Server },
  { href: '/jobs', title: 'Jobs', icon: Briefcase },
  { href: '/memory', title: 'Memory', icon: MemoryStick },
  { href: '/collectives', title: 'Collectives', icon: Network },
  { href: '/traces', title: 'Traces', icon: Waypoints },
  { href: '/alerts', title: 'Alerts', icon: BellRing },
  { href: '/sources', title: 'Sources', icon: PlugZap },
] as const;

function toggleTheme(): void {
  const next = document.documentElement.dataset.theme === 'light' ? 'dark' : 'light';
  document.documentElement.dataset.theme = next;
  localStorage.setItem('xray-theme', next);
}

function HealthLink() {
  const health = useApi(healthRoute, {});
  const unwell = health.data?.sources.filter((source) => source.state === 'down' || source.state === 'degraded') ?? [];
  const tone = health.isError ? 'bad' : !health.data ? 'quiet' : unwell.length > 0 ? 'warn' : 'ok';
  const words = health.isError
    ? 'X-Ray does not answer'
    : !health.data
      ? 'Checking sources'
      : unwell.length > 0
        ? `${unwell.length} source${unwell.length > 1 ? 's' : ''} need attention`
        : 'All sources well';
  return (
    <Link href="/sources">
      <StatusPill tone={tone}>{words}</StatusPill>
    </Link>
  );
}

export function Shell({ children }: { children: ReactNode }) {
  const path = usePathname();
  return (
    <div className="min-h-dvh pb-14 sm:pb-0 sm:pl-44">
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
        <ul className="flex justify-around sm:block sm:px-2">
          {PAGES.map(({ href, title, icon: Icon }) => {
            const here = href === '/' ? path === '/' || path.startsWith('/clusters') : path.startsWith(href);
            return (
              <li key={href}>
                <Link
                  href={href}
                  aria-current={here ? 'page' : undefined}
                  className={`flex flex-col items-center gap-1 rounded px-3 py-2 sm:flex-row sm:gap-3 ${here ? 'bg-[var(--panel-2)] text-[var(--text)]' : 'text-[var(--muted)]'}`}
                >
                  <Icon aria-hidden="true" size={16} /> {title}
                </Link>
              </li>
            );
          })}
        </ul>
      </nav>
      <header className="flex h-12 items-center justify-end gap-4 border-[var(--line)] border-b px-4">
        <HealthLink />
        <ShareButton />
        <button
          type="button"
          aria-label="Switch between film (dark) and lightbox (light)"
          onClick={toggleTheme}
          className="rounded p-1.5 text-[var(--muted)] hover:text-[var(--text)]"
        >
          <Sun aria-hidden="true" size={16} className="hidden [[data-theme=dark]_&]:block" />
          <Moon aria-hidden="true" size={16} className="hidden [[data-theme=light]_&]:block" />
        </button>
      </header>
      <DemoBanner />
      <main id="content" className="mx-auto max-w-[1600px] space-y-4 p-4">
        {children}
      </main>
    </div>
  );
}
