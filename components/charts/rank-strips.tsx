'use client';
/**
 * Ranks as rows on one canvas: heat strip of time inside, bar of transfer and wait. Only the rows in view are drawn, so that a
 * thousand ranks cost as much as thirty. Arrow keys move through the rows, Enter chooses; the chosen row is said in words.
 */
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from 'react';
import { levelColour, type RankStripsModel, stripAt } from '../../lib/chart/collectives/rank-strips.ts';
import { ownValue } from '../../lib/model/own-value.ts';
import { fillFitted } from './fitted-text.ts';
import { CursorLine, setSharedCursor } from './shared-cursor.tsx';

const MOST_HEIGHT = 440;
const JOB_REF = 640;

/** Widths of the three parts, CSS px. */
function parts(width: number, labelled: boolean): { labels: number; bars: number; plot: number } {
  const labels = labelled ? (width < JOB_REF ? 118 : 176) : 20;
  const bars = Math.max(64, Math.floor(width * (width < JOB_REF ? 0.2 : 0.24)));
  return { labels, bars, plot: Math.max(40, width - labels - bars - 12) };
}

function draw(
  canvas: HTMLCanvasElement,
  model: RankStripsModel,
  view: { width: number; height: number; scroll: number; chosen: number },
): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const { width, height, scroll, chosen } = view;
  const ratio = Math.min(2, window.devicePixelRatio || 1);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const style = getComputedStyle(canvas);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const { labels, bars, plot } = parts(width, model.labelled);
  context.clearRect(0, 0, width, height);
  context.textBaseline = 'middle';
  const first = Math.floor(scroll / model.rowHeight);
  const last = Math.min(model.rows.length, Math.ceil((scroll + height) / model.rowHeight));
  const gap = model.labelled ? 3 : model.rowHeight > 4 ? 1 : 0;
  const colours = Array.from({ length: 32 }, (_, level) => levelColour(level));
  for (let i = first; i < last; i++) {
    const row = model.rows[i];
    if (!row) continue;
    const top = i * model.rowHeight - scroll;
    const tall = model.rowHeight - gap;
    if (i === chosen) {
      context.fillStyle = colour('panel-2');
      context.fillRect(0, top - gap / 2, width, model.rowHeight);
    }
    if (row.isLate) {
      context.fillStyle = colour('bad');
      context.fillRect(0, top, 3, tall);
    }
    if (model.labelled) {
      context.font = `${row.isLate ? '600 ' : ''}12px "JetBrains Mono Variable", monospace`;
      context.fillStyle = row.isLate ? colour('bad') : i === chosen ? colour('text') : colour('muted');
      fillFitted(context, row.label, 8, top + tall / 2, labels - 14);
    }
    for (let bin = 0; bin < model.count; bin++) {
      const level = row.levels[bin] ?? -1;
      if (level < 0) continue;
      const from = labels + Math.floor((bin * plot) / model.count);
      const to = labels + Math.floor(((bin + 1) * plot) / model.count);
      context.fillStyle = colours[level] ?? '';
      context.fillRect(from, top, Math.max(1, to - from), tall);
    }
    const left = width - bars;
    if (row.transfer !== null && row.wait !== null) {
      const mark = Math.max(1, row.transfer * bars);
      context.fillStyle = colour('series-2');
      context.fillRect(left + mark, top, row.wait * bars, tall);
      context.fillStyle = colour('series-1');
      context.fillRect(left, top, mark, tall);
    } else if (row.total !== null) {
      context.fillStyle = colour('series-6');
      context.fillRect(left, top, row.total * bars, tall);
    }
  }
}

const clockAt = (model: RankStripsModel, bin: number): string =>
  new Date(model.startMs + bin * model.stepMs).toISOString().slice(11, 16);

export function RankStrips({
  label,
  model,
  barsTitle,
  chosen,
  onChoose,
}: {
  label: string;
  /** What the bars are, e.g. `0 to 1.02 s`. */
  barsTitle: string;
  model: RankStripsModel;
  /** Row that is chosen; -1 for none. */
  chosen: number;
  onChoose: (row: number) => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [scroll, setScroll] = useState(0);
  const [hover, setHover] = useState(-1);
  const [theme, setTheme] = useState('');
  const content = model.rows.length * model.rowHeight;
  const height = Math.min(MOST_HEIGHT, content);
  const { labels, bars } = parts(width, model.labelled);

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const measure = () => setWidth(element.clientWidth);
    measure();
    const size = new ResizeObserver(measure);
    size.observe(element);
    const themes = new MutationObserver(() => setTheme(document.documentElement.dataset.theme ?? ''));
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => {
      size.disconnect();
      themes.disconnect();
    };
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme changes colours that drawing reads from the page
  useEffect(() => {
    if (canvas.current && width > 0) draw(canvas.current, model, { width, height, scroll, chosen });
  }, [model, width, height, scroll, chosen, theme]);

  const rowAt = (event: PointerEvent): number => {
    const box = canvas.current?.getBoundingClientRect();
    return box ? stripAt(model, event.clientY - box.top + scroll) : -1;
  };
  const point = (event: PointerEvent): void => {
    const box = canvas.current?.getBoundingClientRect();
    if (!box) return;
    setHover(rowAt(event));
    const plot = parts(width, model.labelled).plot;
    const share = (event.clientX - box.left - labels) / plot;
    setSharedCursor(share < 0 || share > 1 ? null : model.startMs + share * model.count * model.stepMs);
  };
  const move = (event: KeyboardEvent): void => {
    const step = ownValue({ ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }, event.key);
    const to =
      event.key === 'Home'
        ? 0
        : event.key === 'End'
          ? model.rows.length - 1
          : step === undefined
            ? null
            : chosen + step;
    if (to === null) return;
    event.preventDefault();
    const row = Math.min(model.rows.length - 1, Math.max(0, to));
    onChoose(row);
    const element = scroller.current;
    if (!element) return;
    const top = row * model.rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + model.rowHeight > element.scrollTop + height) element.scrollTop = top + model.rowHeight - height;
  };
  const shown = hover >= 0 ? hover : chosen;

  return (
    <figure>
      <div aria-hidden="true" className="relative mb-1 h-5 text-[12px] text-[var(--muted)]">
        {model.labelled ? <span className="absolute left-2">Rank</span> : null}
        <span className="absolute" style={{ left: labels }}>
          {clockAt(model, 0)}
        </span>
        <span className="absolute" style={{ right: bars + 12 }}>
          {clockAt(model, model.count)} UTC
        </span>
        <span className="absolute truncate" style={{ left: `calc(100% - ${bars}px)`, right: 0 }}>
          {barsTitle}
        </span>
      </div>
      <div
        ref={scroller}
        role="listbox"
        aria-label={label}
        aria-activedescendant={chosen >= 0 ? 'rank-strip-chosen' : undefined}
        tabIndex={0}
        className="relative overflow-y-auto overflow-x-hidden"
        style={{ height }}
        onScroll={(event) => setScroll(event.currentTarget.scrollTop)}
        onKeyDown={move}
        onPointerMove={point}
        onPointerLeave={() => {
          setHover(-1);
          setSharedCursor(null);
        }}
        onClick={() => {
          if (hover >= 0) onChoose(hover);
        }}
      >
        <div style={{ height: content }}>
          <div className="sticky top-0" style={{ height }}>
            <canvas ref={canvas} className="block cursor-pointer" style={{ width: '100%', height }} />
            {width > 0 ? (
              <CursorLine
                fromMs={model.startMs}
                toMs={model.startMs + model.count * model.stepMs}
                left={labels}
                right={bars + 12}
              />
            ) : null}
          </div>
        </div>
        <div role="option" tabIndex={-1} aria-selected={chosen >= 0} id="rank-strip-chosen" className="sr-only">
          {model.rows[chosen]?.text ?? 'no rank chosen'}
        </div>
      </div>
      <figcaption className="min-h-5 pt-1 text-[12px] text-[var(--muted)]">
        {model.rows[shown]?.text ?? 'Point at a row to read it; choose one to see what ran there.'}
      </figcaption>
    </figure>
  );
}
