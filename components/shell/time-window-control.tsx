'use client';
/** Chooses the time window of a page: presets, back and forward, live. */
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useFrozenPage } from '../queries/frozen.tsx';
import { useTimeWindow } from './time-window.tsx';

const PRESETS = [
  { label: '15m', ms: 900_000 },
  { label: '1h', ms: 3_600_000 },
  { label: '6h', ms: 21_600_000 },
  { label: '24h', ms: 86_400_000 },
] as const;
const button = 'rounded border border-[var(--line)] px-2 py-1 hover:bg-[var(--panel-2)]';

/** A group of buttons; the chosen span and live are said by `aria-pressed`. In a share, live is the window it froze. */
export function TimeWindowControl() {
  const { fromMs, toMs, live, setWindow, setLive } = useTimeWindow();
  const frozen = useFrozenPage();
  const atHome = live || (frozen?.window?.fromMs === fromMs && frozen.window.toMs === toMs);
  const half = (toMs - fromMs) / 2;
  return (
    <fieldset aria-label="Time window" className="flex flex-wrap items-center gap-1">
      <button
        type="button"
        aria-label="Half a window back"
        className={button}
        onClick={() => setWindow(fromMs - half, toMs - half, 'replace')}
      >
        <ChevronLeft aria-hidden="true" size={16} />
      </button>
      {PRESETS.map(({ label, ms }) => (
        <button
          key={label}
          type="button"
          aria-pressed={!live && toMs - fromMs === ms}
          className={`${button} aria-pressed:text-[var(--accent)]`}
          onClick={() => setWindow(toMs - ms, toMs)}
        >
          {label}
        </button>
      ))}
      <button
        type="button"
        aria-label="Half a window forward"
        className={button}
        onClick={() => setWindow(fromMs + half, toMs + half, 'replace')}
      >
        <ChevronRight aria-hidden="true" size={16} />
      </button>
      <button
        type="button"
        aria-pressed={atHome}
        className={`${button} aria-pressed:border-[var(--accent)] aria-pressed:text-[var(--accent)]`}
        onClick={setLive}
      >
        <span aria-hidden="true">{atHome ? '● ' : '○ '}</span>
        {frozen ? 'As shared' : 'Live'}
      </button>
    </fieldset>
  );
}
