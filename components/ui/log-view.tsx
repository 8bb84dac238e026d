'use client';
/** Lines of text as they come: only those in view are drawn; search, follow, download. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { logLevel, matchLines, splitHits } from '../../lib/chart/format/log-lines.ts';

const ROW = 18;
const COLOUR = { bad: 'var(--bad)', warn: 'var(--warn)', plain: 'var(--text)' } as const;
const BUTTON =
  'rounded border border-[var(--line)] px-2 hover:bg-[var(--panel-2)] disabled:opacity-50 aria-pressed:border-[var(--accent)] aria-pressed:text-[var(--accent)]';

function Line({
  number,
  text,
  question,
  current,
}: {
  number: number;
  text: string;
  question: string;
  current: boolean;
}) {
  return (
    <>
      <span aria-hidden="true" className="mr-3 inline-block w-12 select-none text-right text-[var(--muted)]">
        {number}
      </span>
      <span style={{ color: COLOUR[logLevel(text)] }}>
        {splitHits(text, question).map((piece, index) =>
          piece.hit ? (
            <mark
              // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no identity but their place
              key={index}
              className={`rounded-sm text-[var(--bg)] ${current ? 'bg-[var(--accent)]' : 'bg-[var(--warn)]'}`}
            >
              {piece.text}
            </mark>
          ) : (
            piece.text
          ),
        )}
      </span>
    </>
  );
}

export function LogView({
  label,
  lines,
  fileName,
  height,
  follow,
  onFollow,
}: {
  label: string;
  lines: readonly string[];
  fileName: string;
  /** CSS length of the region that scrolls. */
  height: string;
  /** Whether the end is kept in view; null: nothing more will come. */
  follow: boolean | null;
  onFollow: (follow: boolean) => void;
}) {
  const scroller = useRef<HTMLElement>(null);
  const [question, setQuestion] = useState('');
  const [onlyHits, setOnlyHits] = useState(false);
  const [hit, setHit] = useState(0);
  const matches = useMemo(() => matchLines(lines, question), [lines, question]);
  const filtered = onlyHits && question !== '';
  const shown = filtered ? matches.lines.length : lines.length;
  const lineOf = (row: number): number => (filtered ? (matches.lines[row] ?? 0) : row);
  const virtual = useVirtualizer({
    count: shown,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 24,
  });

  const last = shown - 1;
  // The newest lines are the ones that are wanted: a log opens at its end, and stays there while it is followed.
  const opened = useRef(false);
  useEffect(() => {
    if (last < 0 || (opened.current && follow !== true)) return;
    opened.current = true;
    virtual.scrollToIndex(last, { align: 'end' });
  }, [last, follow, virtual]);

  const goTo = (next: number): void => {
    if (matches.lines.length === 0) return;
    const hitIndex = (next + matches.lines.length) % matches.lines.length;
    setHit(hitIndex);
    if (follow) onFollow(false);
    virtual.scrollToIndex(filtered ? hitIndex : (matches.lines[hitIndex] ?? 0), { align: 'center' });
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') {
      event.preventDefault();
      goTo(event.shiftKey ? hit - 1 : hit + 1);
    } else if (event.key === 'Escape' && question !== '') {
      event.stopPropagation();
      setQuestion('');
    }
  };
  const onScroll = (): void => {
    const box = scroller.current;
    if (follow && box && box.scrollHeight - box.scrollTop - box.clientHeight > 4 * ROW) onFollow(false);
  };
  const download = (): void => {
    const url = URL.createObjectURL(new Blob([`${lines.join('\n')}\n`], { type: 'text/plain' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = fileName;
    link.click();
    URL.revokeObjectURL(url);
  };
  const current = matches.lines[hit];
  const found =
    question === ''
      ? `${lines.length.toLocaleString('en-US')} lines`
      : `${matches.hits.toLocaleString('en-US')} ${matches.hits === 1 ? 'hit' : 'hits'} in ${matches.lines.length.toLocaleString('en-US')} of ${lines.length.toLocaleString('en-US')} lines`;
  return (
    <div className="min-w-0">
      <div className="flex flex-wrap items-center gap-2 border-[var(--line)] border-b px-4 py-2">
        <input
          type="search"
          aria-label={`Search in ${label}`}
          placeholder="Search"
          value={question}
          onChange={(event) => {
            setQuestion(event.target.value);
            setHit(0);
          }}
          onKeyDown={onKey}
          className="w-44 rounded border border-[var(--line)] bg-[var(--panel-2)] px-2"
        />
        <button
          type="button"
          className={BUTTON}
          disabled={matches.hits === 0}
          onClick={() => goTo(hit - 1)}
          aria-label="Previous hit"
        >
          ↑
        </button>
        <button
          type="button"
          className={BUTTON}
          disabled={matches.hits === 0}
          onClick={() => goTo(hit + 1)}
          aria-label="Next hit"
        >
          ↓
        </button>
        <button type="button" className={BUTTON} aria-pressed={onlyHits} onClick={() => setOnlyHits(!onlyHits)}>
          Only hits
        </button>
        <span aria-live="polite" className="text-[var(--muted)]">
          {found}
        </span>
        <span className="ml-auto flex gap-2">
          {follow === null ? null : (
            <button type="button" className={BUTTON} aria-pressed={follow} onClick={() => onFollow(!follow)}>
              Follow
            </button>
          )}
          <button type="button" className={BUTTON} onClick={download}>
            Download
          </button>
        </span>
      </div>
      <section
        ref={scroller}
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        tabIndex={0}
        onScroll={onScroll}
        className="mono overflow-auto py-2"
        style={{ height }}
      >
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((item) => {
            const line = lineOf(item.index);
            return (
              <div
                key={item.key}
                className="absolute left-0 whitespace-pre px-2"
                style={{ top: 0, height: ROW, lineHeight: `${ROW}px`, transform: `translateY(${item.start}px)` }}
              >
                <Line number={line + 1} text={lines[line] ?? ''} question={question} current={line === current} />
              </div>
            );
          })}
        </div>
        {filtered && shown === 0 ? <p className="px-4 text-[var(--muted)]">No line has “{question}”.</p> : null}
      </section>
    </div>
  );
}
