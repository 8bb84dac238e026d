'use client';
/** CPU, memory and GPU of the job's nodes below the lanes, alerts and kills. They fail alone: without Prometheus the lanes stay. */
import { useMemo } from 'react';
import { prepareStrip } from '../../lib/chart/time-series/strip.ts';
import { offsetToMs, requestedWindow, writeInstant } from '../../lib/chart/timeline/timeline-instant.ts';
import type { TimeRange } from '../../lib/chart/timeline/timeline-raster.ts';
import { stripsAddress } from '../../lib/contract/requests/addresses.ts';
import { StripChart } from '../charts/strip-chart.tsx';
import { useApi } from '../queries/api-client.ts';
import { TimelineMarks } from './timeline-marks.tsx';

export function TimelineStrips({
  jobRef,
  originNs,
  range,
  settled,
  width,
  labels,
}: {
  jobRef: { readonly jobId: string; readonly session?: string };
  originNs: string;
  /** What is seen now, and where the hand last rested: only the latter is asked for. */
  range: TimeRange;
  settled: TimeRange;
  width: number;
  labels: number;
}) {
  const requested = requestedWindow(settled);
  const answer = useApi(
    stripsAddress,
    { ...jobRef, from: writeInstant(requested.from, originNs), to: writeInstant(requested.to, originNs), points: 900 },
    { refreshMs: 15_000 },
  );
  const { data } = answer;
  const strips = useMemo(
    () =>
      (
        [
          ['Node CPU', data?.cpu],
          ['Node memory', data?.memory],
          ['Node GPU', data?.gpu],
        ] as const
      ).map(([label, grid]) => ({ label, strip: grid == null ? null : prepareStrip(grid) })),
    [data],
  );
  const isDown = data?.notices.find((notice) => notice.kind === 'down');
  const late = data?.notices.find((notice) => notice.kind === 'late');
  const said = isDown ?? data?.notices.find((notice) => notice.kind !== 'late');
  const window = { fromMs: offsetToMs(range.from, originNs), toMs: offsetToMs(range.to, originNs) };
  return (
    <section aria-label="Node metrics on the same clock">
      {strips.map(({ label, strip }) => (
        <StripChart
          key={label}
          label={label}
          strip={strip}
          {...window}
          width={width}
          labels={labels}
          missing={
            data === undefined
              ? (answer.error?.message ?? 'Loading')
              : isDown
                ? 'Prometheus does not answer'
                : late
                  ? 'Prometheus has not answered yet'
                  : 'not measured in this window'
          }
        />
      ))}
      <TimelineMarks jobRef={jobRef} window={window} width={width} labels={labels} />
      {said === undefined ? null : (
        <p className="border-[var(--line)] border-t px-5 py-1.5 text-[12px] [overflow-wrap:anywhere]">
          <span aria-hidden="true" className="text-[var(--warn)]">
            ▲{' '}
          </span>
          {said.source}: {said.message} <span className="text-[var(--muted)]">{said.whatToDo}</span>
        </p>
      )}
    </section>
  );
}
