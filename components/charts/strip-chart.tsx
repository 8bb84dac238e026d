'use client';
/** One strip of shares below the lanes, on their clock, with the cursor all charts share. */
import { useEffect, useRef } from 'react';
import { type Strip, stripPoints, stripText } from '../../lib/chart/time-series/strip.ts';
import { CursorLine, setSharedCursor, useSharedCursor } from './shared-cursor.tsx';
import { useCanvasTheme } from './timeline-theme.ts';

const HEIGHT = 38;

export function StripChart({
  label,
  strip,
  fromMs,
  toMs,
  width,
  labels,
  missing,
}: {
  label: string;
  strip: Strip | null;
  /** The window of the lanes, Unix ms. */
  fromMs: number;
  toMs: number;
  width: number;
  labels: number;
  /** Said where there is no line. */
  missing: string;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useCanvasTheme();
  const plot = Math.max(2, width - labels);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (element === null || context == null || theme === null) return;
    const scale = Math.min(2, window.devicePixelRatio);
    element.width = Math.round(plot * scale);
    element.height = Math.round(HEIGHT * scale);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.fillStyle = theme.line;
    context.globalAlpha = 0.6;
    context.fillRect(0, HEIGHT / 2, plot, 1);
    const style = getComputedStyle(document.documentElement);
    context.lineWidth = 1.2;
    context.globalAlpha = 0.9;
    strip?.lines.forEach((line, i) => {
      context.strokeStyle = style.getPropertyValue(`--series-${(i % 8) + 1}`).trim() || theme.accent;
      context.beginPath();
      let isDown = false;
      for (const { x, y } of stripPoints(strip, line, { fromMs, toMs }, { width: plot, height: HEIGHT - 6 })) {
        if (y === null) isDown = false;
        else if (isDown) context.lineTo(x, y + 3);
        else {
          context.moveTo(x, y + 3);
          isDown = true;
        }
      }
      context.stroke();
    });
  }, [strip, fromMs, toMs, plot, theme]);
  const empty = strip === null || strip.lines.length === 0;
  return (
    <div className="flex border-[var(--line)] border-t" style={{ height: HEIGHT }}>
      <StripLabel label={label} strip={strip} fromMs={fromMs} toMs={toMs} width={labels} />
      <div
        className="relative min-w-0 flex-1"
        onPointerMove={(event) => {
          const left = event.currentTarget.getBoundingClientRect().left;
          setSharedCursor(fromMs + ((event.clientX - left) / plot) * (toMs - fromMs));
        }}
        onPointerLeave={() => setSharedCursor(null)}
      >
        <canvas
          ref={canvas}
          role="img"
          aria-label={`${label} over the visible window`}
          className="block h-full w-full"
        />
        {empty ? (
          <span className="absolute inset-0 flex items-center px-3 text-[11px] text-[var(--muted)]">{missing}</span>
        ) : null}
        <CursorLine fromMs={fromMs} toMs={toMs} />
      </div>
    </div>
  );
}

function StripLabel({
  label,
  strip,
  fromMs,
  toMs,
  width,
}: {
  label: string;
  strip: Strip | null;
  fromMs: number;
  toMs: number;
  width: number;
}) {
  const cursor = useSharedCursor();
  const inside = cursor !== null && cursor >= fromMs && cursor <= toMs ? cursor : null;
  const text = strip === null ? null : stripText(strip, inside);
  return (
    <div
      className="flex shrink-0 flex-col justify-center border-[var(--line)] border-r px-2 pl-5 text-[11px] leading-[14px]"
      style={{ width }}
    >
      <span className="flex justify-between gap-2">
        <span className="truncate text-[var(--muted)]">{label}</span>
        <span className="whitespace-nowrap">{text?.mean ?? ''}</span>
      </span>
      <span className="truncate text-[var(--muted)]">{text === null ? '' : `max ${text.highest}`}</span>
    </div>
  );
}
