'use client';
/** The spans of a trace as lanes of services, processes and threads, on the canvas that draws tasks. */
import { useCallback, useMemo, useState } from 'react';
import { packColour } from '../../lib/chart/colour/timeline-colours.ts';
import { durationText } from '../../lib/chart/time-series/time-ticks.ts';
import { trackDensity } from '../../lib/chart/timeline/timeline-density.ts';
import { layoutRows } from '../../lib/chart/timeline/timeline-layout.ts';
import type { TimeRange } from '../../lib/chart/timeline/timeline-raster.ts';
import { longestVisible, nextFailure, windowAround } from '../../lib/chart/timeline/timeline-window.ts';
import { traceSliceColours, traceTracks } from '../../lib/chart/trace/trace-lanes.ts';
import { TimelineCanvas } from '../charts/timeline-canvas.tsx';
import { TimelineMinimap } from '../charts/timeline-minimap.tsx';
import type { TimelineScene } from '../charts/timeline-scene.ts';
import { useCanvasTheme } from '../charts/timeline-theme.ts';
import { useTimelineWidth } from '../charts/timeline-width.ts';
import type { TraceAxis } from '../charts/trace-axis-input.ts';
import type { TraceModel } from './trace-model.ts';

/** The whole trace is here: nothing outside of it is unknown. */
const EVERYTHING: TimeRange = { from: -Number.MAX_VALUE, to: Number.MAX_VALUE };
const NO_PHASES = new Map<number, never>();

export function TraceLanes({
  model,
  axis,
  chosen,
  lit,
  onChoose,
}: {
  model: TraceModel;
  axis: TraceAxis;
  chosen: number;
  /** 1 for spans that stand out; null: all alike. */
  lit: Uint8Array | null;
  onChoose: (span: number) => void;
}) {
  const { columns, colours, path } = model;
  const { range, onRange } = axis;
  const { holder, width, labels } = useTimelineWidth();
  const theme = useCanvasTheme();
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [focus, setFocus] = useState(-1);
  const { tracks, tooDeep } = useMemo(() => traceTracks(columns), [columns]);
  const layout = useMemo(() => layoutRows(tracks, folded), [tracks, folded]);
  const background = theme?.panel ?? '#0b131d';
  const packed = useMemo(
    () => traceSliceColours(tracks, colours.of, lit, packColour(background)),
    [tracks, colours, lit, background],
  );
  const selected = chosen === -1 ? -1 : (tracks.sliceOf[chosen] ?? -1);
  const scene = useMemo(
    (): TimelineScene => ({
      tracks,
      layout,
      folds: tracks.groups.length > 1,
      colours: packed,
      functions: columns.names,
      originNs: columns.startNs.toString(),
      loaded: EVERYTHING,
      phases: NO_PHASES,
      selected,
      chain: [],
    }),
    [tracks, layout, packed, columns, selected],
  );
  const densityOf = useCallback(
    (over: TimeRange, pixels: number) => trackDensity(tracks, 0, tracks.tracks.length, over, pixels),
    [tracks],
  );
  const goTo = (slice: number): void => {
    if (slice === -1) return;
    setFocus(slice);
    const around = windowAround(tracks, slice, range);
    if (around !== range) onRange(around, 'zoom');
    onChoose(tracks.attempt[slice] ?? -1);
  };
  const lines = (slice: number): readonly string[] => {
    const span = tracks.attempt[slice] ?? 0;
    const own = path.selfNs[span] ?? 0;
    const { service = '', process = '' } = columns.groups[columns.group[span] ?? 0] ?? {};
    return [
      columns.names[columns.name[span] ?? 0] ?? '',
      `${durationText(columns.duration[span] ?? 0)}${columns.failed[span] === 1 ? ', failed' : ''}`,
      `${service} ${process} ${columns.lanes[columns.lane[span] ?? 0] ?? ''}`.trim(),
      `starts ${durationText(columns.start[span] ?? 0)} into the trace`,
      ...(own > 0 ? [`${durationText(own)} of it on the critical path`] : []),
    ];
  };
  return (
    <>
      {tooDeep === 0 ? null : (
        <p role="status" className="px-4 py-2 text-[var(--warn)]">
          ▲ {tooDeep.toLocaleString('en-US')} spans overlap more than 256 deep on one thread and are not on the lanes:
          the tree has them.
        </p>
      )}
      <div ref={holder} className="min-w-0">
        <TimelineMinimap
          extent={tracks.extent}
          lanes={new Set(tracks.tracks.map(({ lane }) => lane)).size}
          densityOf={densityOf}
          range={range}
          width={width}
          labels={labels}
          onRange={onRange}
        />
        <TimelineCanvas
          scene={scene}
          range={range}
          width={width}
          labels={labels}
          focus={focus}
          onRange={onRange}
          onFocus={setFocus}
          onSelect={(slice) => onChoose(slice === -1 ? -1 : (tracks.attempt[slice] ?? -1))}
          onFold={(nodeId) => {
            const next = new Set(folded);
            if (!next.delete(nodeId)) next.add(nodeId);
            setFolded(next);
          }}
          onJump={(to) =>
            goTo(
              to === 'failure' ? nextFailure(tracks, focus === -1 ? selected : focus) : longestVisible(tracks, range),
            )
          }
          words={(slice) => lines(slice).join(', ')}
          lines={lines}
        />
      </div>
    </>
  );
}
