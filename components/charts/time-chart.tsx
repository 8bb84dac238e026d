'use client';
/**
 * Lines over time, drawn by ECharts (loaded when first needed). Dragging over the plot chooses a window; the cursor is
 * shared with every other chart of the page. The same values stand in a table for those who cannot see the lines.
 */
import type { EChartsType } from 'echarts/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import { standsAlone, type TimeChartModel, valuesAt } from '../../lib/chart/time-series/time-chart.ts';
import { CursorLine, setSharedCursor, useSharedCursor } from './shared-cursor.tsx';

const LEFT = 64;
const RIGHT = 12;

/** ECharts with only what lines need: about a third of the whole library. */
async function loadECharts() {
  const [core, charts, parts, renderers] = await Promise.all([
    import('echarts/core'),
    import('echarts/charts'),
    import('echarts/components'),
    import('echarts/renderers'),
  ]);
  core.use([
    charts.LineChart,
    parts.GridComponent,
    parts.MarkLineComponent,
    parts.MarkAreaComponent,
    renderers.CanvasRenderer,
  ]);
  return core;
}

function themeColours(element: HTMLElement): (name: string) => string {
  const style = getComputedStyle(element);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

const clock = (ms: number, span: number): string => {
  const iso = new Date(ms).toISOString();
  return span > 2 * 86_400_000 ? iso.slice(5, 16).replace('T', ' ') : iso.slice(11, span < 600_000 ? 19 : 16);
};

function option(model: TimeChartModel, colour: (name: string) => string) {
  const end = model.startMs + (model.count - 1) * model.stepMs;
  const span = end - model.startMs;
  const axis = { axisLine: { lineStyle: { color: colour('line') } }, axisTick: { show: false } };
  const text = { color: colour('muted'), fontSize: 11, fontFamily: getComputedStyle(document.body).fontFamily };
  return {
    animation: false,
    useUTC: true,
    grid: { left: LEFT, right: RIGHT, top: 10, bottom: 24 },
    xAxis: {
      ...axis,
      type: 'time',
      min: model.startMs,
      max: end,
      splitLine: { show: false },
      axisLabel: { ...text, hideOverlap: true, formatter: (ms: number) => clock(ms, span) },
    },
    yAxis: {
      ...axis,
      type: 'value',
      min: model.min ?? ((range: { min: number }) => Math.min(0, range.min)),
      ...(model.max === null ? {} : { max: model.max }),
      ...(model.tick === null ? {} : { interval: model.tick }),
      ...(model.whole ? { minInterval: 1 } : {}),
      splitNumber: 4,
      splitLine: { lineStyle: { color: colour('line') } },
      axisLabel: { ...text, formatter: model.format },
    },
    series: model.lines.map((line, i) => ({
      type: 'line',
      name: line.name,
      data: line.values.map((value, at) => [model.startMs + at * model.stepMs, value]),
      // Only a point between two gaps has a mark: no line reaches it.
      showSymbol: true,
      showAllSymbol: true,
      symbol: 'circle',
      symbolSize: (_: unknown, point: { dataIndex: number }) => (standsAlone(line.values, point.dataIndex) ? 5 : 0),
      itemStyle: { color: colour(`series-${line.colour}`), opacity: line.faint ? 0.35 : 1 },
      connectNulls: false,
      silent: true,
      sampling: 'minmax',
      z: line.emphasis ? 5 : 2,
      lineStyle: {
        width: line.emphasis ? 2.5 : 1.5,
        color: colour(`series-${line.colour}`),
        opacity: line.faint ? 0.35 : 1,
      },
      ...(i === 0
        ? {
            markLine: {
              silent: true,
              symbol: 'none',
              data: model.limits.map((limit) => ({ yAxis: limit.value, name: limit.label })),
              lineStyle: { color: colour('bad'), type: 'dashed' },
              label: { ...text, formatter: '{b}', position: 'insideEndTop' },
            },
            markArea: {
              silent: true,
              data: model.bands.map((band) => [
                { xAxis: band.fromMs, itemStyle: { color: colour(band.tone), opacity: 0.14 } },
                { xAxis: band.toMs },
              ]),
            },
          }
        : {}),
    })),
  };
}

export function TimeChart({
  label,
  model,
  height = 220,
  onWindow,
}: {
  label: string;
  model: TimeChartModel;
  height?: number;
  /** Called with the window the reader dragged over, Unix ms. */
  onWindow?: (fromMs: number, toMs: number) => void;
}) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const newest = useRef(model);
  newest.current = model;
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const end = model.startMs + (model.count - 1) * model.stepMs;

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    let disposed = false;
    const draw = () => chart.current?.setOption(option(newest.current, themeColours(element)), { notMerge: true });
    void loadECharts().then((core) => {
      if (disposed) return;
      chart.current = core.init(element);
      draw();
    });
    const size = new ResizeObserver(() => chart.current?.resize());
    size.observe(element);
    const theme = new MutationObserver(draw);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => {
      disposed = true;
      size.disconnect();
      theme.disconnect();
      chart.current?.dispose();
      chart.current = null;
    };
  }, []);
  useEffect(() => {
    if (host.current) chart.current?.setOption(option(model, themeColours(host.current)), { notMerge: true });
  }, [model]);

  const timeAt = (event: { clientX: number }): number => {
    const box = host.current?.getBoundingClientRect();
    if (!box) return model.startMs;
    const share = (event.clientX - box.left - LEFT) / Math.max(1, box.width - LEFT - RIGHT);
    return model.startMs + Math.min(1, Math.max(0, share)) * (end - model.startMs);
  };
  const x = (ms: number): string =>
    `calc(${LEFT}px + (100% - ${LEFT + RIGHT}px) * ${(ms - model.startMs) / (end - model.startMs || 1)})`;

  return (
    <figure aria-label={label}>
      <div
        className="relative touch-pan-y select-none"
        style={{ height }}
        onPointerMove={(event) => {
          const time = timeAt(event);
          setSharedCursor(time);
          if (drag) setDrag({ ...drag, to: time });
        }}
        onPointerLeave={() => setSharedCursor(null)}
        onPointerDown={(event) => {
          if (!onWindow || event.button !== 0 || event.pointerType === 'touch') return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag({ from: timeAt(event), to: timeAt(event) });
        }}
        onPointerUp={() => {
          if (drag && Math.abs(drag.to - drag.from) > (end - model.startMs) / 100)
            onWindow?.(Math.min(drag.from, drag.to), Math.max(drag.from, drag.to));
          setDrag(null);
        }}
        onPointerCancel={() => setDrag(null)}
      >
        <div ref={host} className="h-full w-full" aria-hidden="true" />
        <CursorLine fromMs={model.startMs} toMs={end} left={LEFT} right={RIGHT} />
        {drag ? (
          <div
            aria-hidden="true"
            className="pointer-events-none absolute inset-y-0 bg-[var(--accent)] opacity-15"
            style={{ left: x(Math.min(drag.from, drag.to)), right: `calc(100% - ${x(Math.max(drag.from, drag.to))})` }}
          />
        ) : null}
      </div>
      <Legend model={model} />
    </figure>
  );
}

/** Names of the lines with their values under the cursor, or their newest ones. */
function Legend({ model }: { model: TimeChartModel }) {
  const cursor = useSharedCursor();
  const newestMs = model.startMs + (model.count - 1) * model.stepMs;
  const inside = cursor !== null && cursor >= model.startMs && cursor <= newestMs ? cursor : null;
  const rows = useMemo(
    () => (inside === null ? lastValues(model) : valuesAt(model, inside)).slice(0, 12),
    [model, inside],
  );
  const hidden = model.lines.length - rows.length;
  return (
    <figcaption className="flex flex-wrap gap-x-4 gap-y-0.5 pt-1 pl-16 text-[12px]">
      {rows.map(({ line, value }) => (
        <span key={line.id} className="inline-flex items-center gap-1.5">
          <span
            aria-hidden="true"
            className="inline-block h-0.5 w-3"
            style={{ background: `var(--series-${line.colour})` }}
          />
          <span className="text-[var(--muted)]">{line.name}</span>
          <span>{value === null ? 'no sample' : model.format(value)}</span>
        </span>
      ))}
      {hidden > 0 ? <span className="text-[var(--muted)]">and {hidden} more</span> : null}
      <span className="ml-auto text-[var(--muted)]">
        {inside === null ? 'newest' : `${new Date(inside).toISOString().slice(11, 19)} UTC`}
      </span>
    </figcaption>
  );
}

function lastValues(model: TimeChartModel): ReturnType<typeof valuesAt> {
  return model.lines.map((line) => ({ line, value: line.values.findLast((value) => value !== null) ?? null }));
}
