'use client';
/**
 * Keys that work on every page: Ctrl or Cmd+K (palette), `?` (help), `g` then a letter (a page). They are seen before the
 * page's own keys, so that the letter after `g` does nothing else; while something is typed, only Ctrl or Cmd+K works.
 */
import { useEffect } from 'react';
import { PAGES } from './pages.ts';

/** The second key counts for this long. */
const SECOND_KEY_MS = 1500;

/** Every key, for the help. Keys of a page work while its chart has the focus. */
export const KEY_GROUPS: readonly {
  readonly title: string;
  readonly keys: readonly { readonly keys: readonly string[]; readonly does: string }[];
}[] = [
  {
    title: 'Everywhere',
    keys: [
      { keys: ['Ctrl K', '⌘ K'], does: 'Search, or go anywhere' },
      { keys: ['?'], does: 'These keys' },
      { keys: ['Esc'], does: 'Close' },
      { keys: ['Alt ←'], does: 'Back: undoes a drill step' },
    ],
  },
  { title: 'Go to', keys: PAGES.map((page) => ({ keys: ['g', page.key], does: page.title })) },
  {
    title: 'Timeline, while it has the focus',
    keys: [
      { keys: ['←', '→', '↑', '↓'], does: 'Next attempt in that direction' },
      { keys: ['Enter'], does: 'Select it' },
      { keys: ['w', '+'], does: 'Zoom in' },
      { keys: ['s', '-'], does: 'Zoom out' },
      { keys: ['a', 'd'], does: 'Pan left, right' },
      { keys: ['f', '0'], does: 'All of the job' },
      { keys: ['n'], does: 'Next failure' },
      { keys: ['l'], does: 'Longest attempt in view' },
      { keys: ['i'], does: 'Longest idle gap in view' },
      { keys: ['m'], does: 'Measure: from this attempt, to that one' },
      { keys: ['Esc'], does: 'Select nothing' },
    ],
  },
];

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

export function useShortcuts(does: {
  readonly palette: () => void;
  readonly help: () => void;
  readonly go: (href: string) => void;
}): void {
  useEffect(() => {
    let waitsUntil = 0;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
        event.preventDefault();
        does.palette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      // A dialog has the keys to itself.
      if (document.querySelector('[role=dialog]')) return;
      const second = event.timeStamp < waitsUntil;
      waitsUntil = 0;
      const page = second ? PAGES.find((one) => one.key === event.key) : undefined;
      if (page) does.go(page.href);
      else if (event.key === '?') does.help();
      else if (event.key === 'g') waitsUntil = event.timeStamp + SECOND_KEY_MS;
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  }, [does]);
}
