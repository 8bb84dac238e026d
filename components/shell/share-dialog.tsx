'use client';
/** Makes a share of the page behind it: what it is called, how long it lives, what it holds; then its link, once. */
import { Check, Copy, X } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { useRef, useState } from 'react';
import { formatBytes } from '../../lib/chart/format/number-format.ts';
import { timestampText } from '../../lib/chart/format/timestamp-text.ts';
import type { PageName } from '../../lib/contract/pages/pages.ts';
import { SHARE_REQUESTS_MAX } from '../../lib/contract/pages/shareable-requests.ts';
import { healthAddress } from '../../lib/contract/requests/addresses.ts';
import type { ShareCreatedWire } from '../../lib/contract/shares.ts';
import { useCreateShare, useRevokeShare } from '../queries/shares.ts';
import { useAnswerBytes, useShownRequests } from '../queries/shown-requests.ts';
import { Link } from '../ui/link.tsx';

const LIFETIMES = [
  { label: '1 day', seconds: 86_400 },
  { label: '7 days', seconds: 7 * 86_400 },
  { label: '30 days', seconds: 30 * 86_400 },
  { label: 'Never', seconds: null },
] as const;
const field = 'w-full rounded border border-[var(--line)] bg-[var(--bg)] px-2 py-1.5';
const button = 'rounded border border-[var(--line)] px-3 py-1.5 hover:bg-[var(--panel-2)] disabled:opacity-60';
const primary =
  'rounded border border-[var(--accent)] bg-[var(--accent)] px-3 py-1.5 font-medium text-[var(--bg)] disabled:opacity-60';

export function ShareDialog({ page, onClose }: { page: PageName; onClose: () => void }) {
  const create = useCreateShare();
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? null : onClose())}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-30 bg-black/60" />
        <Dialog.Content className="fixed inset-x-0 bottom-0 z-40 max-h-[92dvh] overflow-y-auto rounded-t-md border border-[var(--line)] bg-[var(--panel)] p-5 shadow-2xl sm:inset-auto sm:top-[14vh] sm:left-1/2 sm:w-[480px] sm:-translate-x-1/2 sm:rounded-md">
          <div className="flex items-center justify-between">
            <Dialog.Title className="font-semibold text-[15px]">Share this page</Dialog.Title>
            <Dialog.Close aria-label="Close" className="rounded p-1 text-[var(--muted)] hover:text-[var(--text)]">
              <X aria-hidden="true" size={16} />
            </Dialog.Close>
          </div>
          <Dialog.Description className="mt-1 text-[var(--muted)]">
            Freezes what the page shows now. The link keeps showing it when the data or their sources are gone.
          </Dialog.Description>
          {create.data ? (
            <Made share={create.data} onClose={onClose} />
          ) : (
            <ShareForm page={page} create={create} onClose={onClose} />
          )}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function ShareForm({
  page,
  create,
  onClose,
}: {
  page: PageName;
  create: ReturnType<typeof useCreateShare>;
  onClose: () => void;
}) {
  const shown = useShownRequests();
  // The frame of every page asks how the sources are; their addresses belong into a share of that page only.
  const requests = page === 'sources' ? shown : shown.filter((path) => path !== healthAddress.path);
  const bytes = useAnswerBytes(requests);
  const [title, setTitle] = useState('');
  const [note, setNote] = useState('');
  const [seconds, setSeconds] = useState<number | null>(30 * 86_400);
  const tooMany = requests.length > SHARE_REQUESTS_MAX;
  const path = window.location.pathname + window.location.search;
  return (
    <form
      className="mt-4 space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate({
          path,
          title: title.trim(),
          note: note.trim(),
          expiresInSeconds: seconds,
          // A page that asks nothing a share can hold (a large trace) is asked for by its address.
          ...(requests.length > 0 ? { requests: [...requests] } : {}),
        });
      }}
    >
      <label className="block space-y-1">
        <span>Title</span>
        <input
          className={field}
          value={title}
          maxLength={200}
          placeholder={path.split('?')[0]}
          onChange={(event) => setTitle(event.target.value)}
        />
      </label>
      <label className="block space-y-1">
        <span>Note</span>
        <textarea
          className={field}
          rows={3}
          value={note}
          maxLength={4000}
          placeholder="What to look at"
          onChange={(event) => setNote(event.target.value)}
        />
      </label>
      <fieldset>
        <legend>Link works for</legend>
        <div className="mt-1 grid grid-cols-4 overflow-hidden rounded border border-[var(--line)]">
          {LIFETIMES.map(({ label, seconds: choice }) => (
            <label
              key={label}
              className="cursor-pointer border-[var(--line)] border-l py-1.5 text-center first:border-l-0 has-checked:bg-[var(--panel-2)] has-checked:text-[var(--accent)] has-focus-visible:outline-2 has-focus-visible:outline-[var(--accent)] has-focus-visible:-outline-offset-2"
            >
              <input
                type="radio"
                name="lifetime"
                className="sr-only"
                checked={seconds === choice}
                onChange={() => setSeconds(choice)}
              />
              {label}
            </label>
          ))}
        </div>
      </fieldset>
      <p className="text-[var(--muted)]">
        Holds {requests.length} {requests.length === 1 ? 'answer' : 'answers'}, about {formatBytes(bytes)}.{' '}
        <span className="text-[var(--warn)]">
          Anyone who has the link and can reach this X-Ray can read it: names, entry points, error messages, logs.
        </span>
      </p>
      {tooMany ? (
        <p role="alert" className="text-[var(--bad)]">
          The page shows more than {SHARE_REQUESTS_MAX} answers, which one share cannot hold. Close some parts of it.
        </p>
      ) : null}
      {create.error ? (
        <p role="alert" className="break-words text-[var(--bad)]">
          {create.error.problem.title}: {create.error.message}
        </p>
      ) : null}
      <div className="flex items-center gap-2">
        <Link href="/shares" className="mr-auto" onClick={onClose}>
          All shares
        </Link>
        <button type="button" className={button} onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className={primary} disabled={create.isPending || tooMany}>
          {create.isPending ? 'Freezing' : 'Create link'}
        </button>
      </div>
    </form>
  );
}

function Made({ share, onClose }: { share: ShareCreatedWire; onClose: () => void }) {
  const revoke = useRevokeShare();
  const [copied, setCopied] = useState<'no' | 'yes' | 'by hand'>('no');
  const input = useRef<HTMLInputElement>(null);
  const link = window.location.origin + share.path;
  const copy = async () => {
    input.current?.select();
    // The clipboard is only there on https and this machine.
    const done = await navigator.clipboard?.writeText(link).then(
      () => true,
      () => false,
    );
    setCopied(done ? 'yes' : 'by hand');
  };
  if (revoke.isSuccess)
    return (
      <div className="mt-4 space-y-4">
        <p role="status">The link is revoked and its data are deleted.</p>
        <button type="button" className={button} onClick={onClose}>
          Close
        </button>
      </div>
    );
  return (
    <div className="mt-4 space-y-4">
      <div className="flex gap-2">
        <input
          ref={input}
          readOnly
          aria-label="Link of the share"
          className={`${field} mono min-w-0`}
          value={link}
          onFocus={(event) => event.target.select()}
        />
        <button type="button" className={`${primary} flex shrink-0 items-center gap-1.5`} onClick={() => void copy()}>
          {copied === 'yes' ? <Check aria-hidden="true" size={14} /> : <Copy aria-hidden="true" size={14} />}
          {copied === 'yes' ? 'Copied' : 'Copy'}
        </button>
      </div>
      <p role="status" className="text-[var(--muted)]">
        {copied === 'by hand' ? 'This browser keeps its clipboard closed here: the link is selected, copy it. ' : ''}
        {formatBytes(share.bytes)} frozen,{' '}
        {share.expiresAt ? `works until ${timestampText(share.expiresAt)} UTC` : 'works until it is revoked'}. The link
        is shown this once; X-Ray keeps only its hash.
      </p>
      {revoke.error ? (
        <p role="alert" className="break-words text-[var(--bad)]">
          {revoke.error.message}
        </p>
      ) : null}
      <div className="flex flex-wrap items-center gap-2">
        <Link href="/shares" className="mr-auto" onClick={onClose}>
          All shares
        </Link>
        <button
          type="button"
          className={`${button} text-[var(--bad)]`}
          disabled={revoke.isPending}
          onClick={() => revoke.mutate(share.token)}
        >
          Revoke
        </button>
        <a href={share.path} target="_blank" rel="noreferrer" className={`${button} hover:no-underline`}>
          Open
        </a>
        <button type="button" className={button} onClick={onClose}>
          Done
        </button>
      </div>
    </div>
  );
}
