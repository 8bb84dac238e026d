'use client';
/** What a share link opens: a page's panels from the answers that were frozen. After these it asks nothing. */
import { Activity, Link2Off, Snowflake } from 'lucide-react';
import { useSearchParams } from 'next/navigation';
import { type ReactNode, Suspense, useEffect, useMemo, useState } from 'react';
import { agoText, timestampText } from '../../lib/chart/format/timestamp-text.ts';
import { type FoundPage, findPage } from '../../lib/contract/pages/find-page.ts';
import type { ShareWire } from '../../lib/contract/shares.ts';
import { FrozenProvider, useNow } from '../queries/frozen.tsx';
import { frozenAnswer } from '../queries/frozen-answer.ts';
import { useShare } from '../queries/shares.ts';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';

/** Of the page that was shared. */
type Render = (page: FoundPage) => ReactNode;

/** `render`: every page that can be shared. */
export function SharePage({ token, render }: { token: string; render: Render }) {
  const share = useShare(token);
  if (share.data) return <OpenShare share={share.data} token={token} render={render} />;
  if (!share.error)
    return (
      <Frame>
        <Skeleton rows={10} />
      </Frame>
    );
  const { status, title, detail } = share.error.problem;
  if (status === 404 || status === 410)
    return (
      <Frame>
        <Closed title={status === 410 ? 'This share is closed' : 'There is no such share'} detail={detail} />
      </Frame>
    );
  return (
    <Frame>
      <ErrorState title={title} detail={detail} onRetry={() => void share.refetch()} />
    </Frame>
  );
}

function OpenShare({ share, token, render }: { share: ShareWire; token: string; render: Render }) {
  const page = useMemo(() => findPage(share.path), [share.path]);
  const frozen = useMemo(
    () => ({
      id: token,
      answers: share.responses,
      answerTo: (path: string) => frozenAnswer(share.responses, path),
      atMs: Date.parse(share.createdAt),
      window: page?.window ?? null,
    }),
    [share, token, page],
  );
  const name = share.title || share.path.split('?')[0] || '/';
  useEffect(() => {
    document.title = `${name} · X-Ray share`;
  }, [name]);
  const content = page && render(page);
  return (
    <Frame about={<About share={share} name={name} />}>
      {content ? (
        <FrozenProvider page={frozen}>
          <AtFrozenAddress page={page}>
            <Suspense fallback={<Skeleton rows={10} />}>{content}</Suspense>
          </AtFrozenAddress>
        </FrozenProvider>
      ) : (
        <EmptyState title="This X-Ray cannot show the page of this share">
          {share.path} was made by another version.
        </EmptyState>
      )}
    </Frame>
  );
}

/**
 * Puts the frozen page's query into the address before its panels are there, because panels read their state from the
 * address; what a reader changes then stands in the link as well. A link that has a query already keeps it.
 */
function AtFrozenAddress({ page, children }: { page: FoundPage; children: ReactNode }) {
  const here = useSearchParams();
  const query = page.query.toString();
  const [ready, setReady] = useState(false);
  useEffect(() => {
    if (ready) return;
    if (here.size > 0 || query === '') setReady(true);
    else window.history.replaceState(null, '', `${window.location.pathname}?${query}`);
  }, [ready, here, query]);
  return ready ? children : <Skeleton rows={10} />;
}

function Frame({ about, children }: { about?: ReactNode; children: ReactNode }) {
  return (
    <div className="min-h-dvh">
      <header className="border-[var(--line)] border-b bg-[var(--panel)]">
        <div className="mx-auto flex min-h-[56px] max-w-[1600px] flex-wrap items-center gap-x-6 gap-y-2 px-4 py-2">
          <span className="flex items-center gap-2 font-semibold text-[15px]">
            <Activity aria-hidden="true" size={18} color="var(--accent)" /> X-Ray
          </span>
          {about}
        </div>
      </header>
      <main className="mx-auto max-w-[1600px] space-y-4 p-4">{children}</main>
    </div>
  );
}

function About({ share, name }: { share: ShareWire; name: string }) {
  const now = useNow(30_000);
  return (
    <>
      <div className="order-1 min-w-0 basis-full sm:order-none sm:flex-1 sm:basis-72">
        <p className="truncate font-medium" title={name}>
          {name}
        </p>
        <p className="flex flex-wrap items-center gap-x-2 text-[12px] text-[var(--muted)]">
          <Snowflake aria-hidden="true" size={13} color="var(--accent)" />
          <span>
            Frozen <time dateTime={share.createdAt}>{timestampText(share.createdAt)}</time> UTC,{' '}
            {agoText(now - Date.parse(share.createdAt))}
          </span>
          <span aria-hidden="true">·</span>
          <span>{share.expiresAt ? `expires ${timestampText(share.expiresAt)} UTC` : 'does not expire'}</span>
          {share.demo ? (
            <>
              <span aria-hidden="true">·</span>
              <span className="text-[var(--warn)]">Simulated demo data</span>
            </>
          ) : null}
        </p>
      </div>
      {/* A full load: the live page begins with nothing of what was frozen. */}
      <a
        href={share.path}
        className="ml-auto rounded border border-[var(--accent)] px-3 py-1 hover:bg-[var(--panel-2)] hover:no-underline"
      >
        Open live
      </a>
      {share.note ? (
        <div className="order-2 basis-full pb-1">
          <p className="max-w-prose whitespace-pre-line break-words border-[var(--accent)] border-l-2 pl-3">
            {share.note}
          </p>
        </div>
      ) : null}
    </>
  );
}

function Closed({ title, detail }: { title: string; detail: string }) {
  return (
    <section className="mx-auto mt-[12vh] max-w-md rounded-md border border-[var(--line)] bg-[var(--panel)] px-6 py-10 text-center">
      <Link2Off aria-hidden="true" size={28} className="mx-auto text-[var(--muted)]" />
      <h1 className="mt-4 font-semibold text-[18px]">{title}</h1>
      <p className="mt-2 text-[var(--muted)] first-letter:uppercase">{detail}.</p>
      <a href="/" className="mt-6 inline-block rounded border border-[var(--line)] px-3 py-1 hover:bg-[var(--panel-2)]">
        Open X-Ray
      </a>
    </section>
  );
}
