'use client';
import { useEffect, useMemo, useState } from 'react';
import { durationText } from '../../lib/chart/time-ticks.ts';
import {
  COLOUR_MODES,
  type ColourMode,
  colourLegend,
  packColour,
  sliceColours,
} from '../../lib/chart/timeline-colours.ts';
import { prepareTracks } from '../../lib/chart/timeline-lanes.ts';
import type { TimeRange } from '../../lib/chart/timeline-raster.ts';
import { fitRange, longestVisible, nextFailure, sumWindow } from '../../lib/chart/timeline-window.ts';
import { type TimelineWire, timelineRoute } from '../../lib/contract/jobs.ts';
import { TimelineCanvas } from '../charts/timeline-canvas.tsx';
import { useApi } from '../queries/api-client.ts';
/** Timeline of one job: every attempt on its worker, what is missing, and one attempt in detail. */
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { keyOf, readAddress, writeAddress } from './timeline-address.ts';
import { TimelineDetails } from './timeline-details.tsx';

const control = 'rounded border border-[var(--line)] bg-[var(--panel-2)] px-2 py-1';

/** What the answer does not show, in sentences; empty where it shows everything. */
function missing(data: TimelineWire, neverRan: number): readonly string[] {
  const { completeness } = data;
  const said: string[] = [];
  if (neverRan > 0) said.push(`${neverRan.toLocaleString('en-US')} attempts never ran and have no place on a worker.`);
  if (data.limited) said.push(`Only part of ${data.matched.toLocaleString('en-US')} attempts is shown: row limit.`);
  if ((completeness.dropped ?? 0) > 0) {
    said.push(`Ray dropped ${completeness.dropped?.toLocaleString('en-US')} task events before X-Ray could see them.`);
  }
  if (completeness.truncated) said.push(completeness.reason ?? `${completeness.source} cut its answer.`);
  return said;
}

export function TimelinePage({ jobId, session }: { jobId: string; session: string | null }) {
  const narrow = { jobId, ...(session === null ? {} : { session }) };
  const [follow, setFollow] = useState(true);
  const answer = useApi(timelineRoute, narrow, { refreshMs: follow ? 5000 : false });
  return (
    <div className="space-y-4">
      <h1 className="font-semibold text-lg">
        Timeline of{' '}
        <Link href={`/jobs/${encodeURIComponent(jobId)}${session === null ? '' : `?session=${session}`}`}>{jobId}</Link>
      </h1>
      {answer.data === undefined ? (
        <Panel title="Timeline">
          {answer.error ? (
            <ErrorState title="No timeline" detail={answer.error.message} onRetry={() => void answer.refetch()} />
          ) : (
            <Skeleton rows={10} />
          )}
        </Panel>
      ) : (
        <Timeline
          data={answer.data}
          narrow={narrow}
          stale={answer.error?.message ?? null}
          follow={follow}
          onFollow={setFollow}
        />
      )}
    </div>
  );
}

function Timeline({
  data,
  narrow,
  stale,
  follow,
  onFollow,
}: {
  data: TimelineWire;
  narrow: { jobId: string; session?: string };
  stale: string | null;
  follow: boolean;
  onFollow: (follow: boolean) => void;
}) {
  const [first] = useState(() => readAddress(data));
  const [mode, setMode] = useState<ColourMode>(first.mode);
  const [search, setSearch] = useState(first.search);
  const [state, setState] = useState(first.state);
  const [chosen, setRange] = useState<TimeRange | null>(first.range);
  const [pickedKey, setPickedKey] = useState(first.picked);
  // Rows move from answer to answer; the task and its attempt do not.
  const picked = useMemo(
    () => (pickedKey === '' ? -1 : data.columns.taskId.findIndex((_, row) => keyOf(data, row) === pickedKey)),
    [data, pickedKey],
  );
  const setPicked = (row: number) => setPickedKey(row === -1 ? '' : keyOf(data, row));
  useEffect(() => {
    const timer = setTimeout(() => {
      writeAddress(data.originNs, { mode, search, state, range: chosen, picked: pickedKey });
    }, 250);
    return () => clearTimeout(timer);
  }, [data.originNs, mode, search, state, chosen, pickedKey]);
  const tracks = useMemo(() => {
    const wanted = data.states.indexOf(state);
    return prepareTracks(data, wanted === -1 ? undefined : (row) => data.columns.state[row] === wanted);
  }, [data, state]);
  const range = chosen ?? fitRange(tracks.extent);
  const selected = picked === -1 ? -1 : (tracks.sliceOf[picked] ?? -1);
  const colours = useMemo(() => {
    const wanted = search.trim().toLowerCase();
    const hits = data.functions.map((name) => name.toLowerCase().includes(wanted));
    const matches = wanted === '' ? undefined : (i: number) => hits[tracks.functionIndex[i] ?? 0] ?? false;
    return sliceColours(tracks, data, mode, packColour('#808890'), matches);
  }, [tracks, data, mode, search]);
  const sums = useMemo(() => sumWindow(tracks, range), [tracks, range]);
  const show = (slice: number) => {
    if (slice === -1) return;
    setPicked(tracks.attempt[slice] ?? -1);
    const span = Math.max((tracks.end[slice] ?? 0) - (tracks.start[slice] ?? 0), (range.to - range.from) / 4);
    const middle = ((tracks.start[slice] ?? 0) + (tracks.end[slice] ?? 0)) / 2;
    setRange({ from: middle - span, to: middle + span });
  };
  const notes = missing(data, tracks.neverRan);
  const taskId = picked === -1 ? undefined : data.columns.taskId[picked];
  return (
    <>
      {stale === null ? null : (
        <p role="status" className="text-[var(--warn)]">
          ▲ Not refreshed: {stale}
        </p>
      )}
      {notes.length === 0 ? null : (
        <ul className="rounded-md border border-[var(--line)] px-4 py-2 text-[var(--warn)]">
          {notes.map((note) => (
            <li key={note}>▲ {note}</li>
          ))}
        </ul>
      )}
      <div className="flex flex-wrap items-center gap-2">
        <select
          aria-label="Colour by"
          className={control}
          value={mode}
          onChange={(event) => setMode(COLOUR_MODES.find((each) => each === event.target.value) ?? 'function')}
        >
          {COLOUR_MODES.map((each) => (
            <option key={each} value={each}>
              Colour by {each}
            </option>
          ))}
        </select>
        <select aria-label="State" className={control} value={state} onChange={(event) => setState(event.target.value)}>
          <option value="">All states</option>
          {data.states.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        <input
          aria-label="Highlight functions"
          placeholder="Highlight"
          className={control}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <button type="button" className={control} onClick={() => show(nextFailure(tracks, selected))}>
          Next failure
        </button>
        <button type="button" className={control} onClick={() => show(longestVisible(tracks, range))}>
          Longest
        </button>
        <button type="button" className={control} onClick={() => setRange(null)}>
          Fit
        </button>
        <button type="button" aria-pressed={follow} className={control} onClick={() => onFollow(!follow)}>
          {follow ? 'Following' : 'Follow'}
        </button>
      </div>
      <Panel title={`${tracks.start.length.toLocaleString('en-US')} attempts on ${tracks.tracks.length} tracks`} flush>
        {tracks.start.length === 0 ? (
          <EmptyState title="No attempt has run">
            Nothing in this job has reached a worker with these filters.
          </EmptyState>
        ) : (
          <TimelineCanvas
            tracks={tracks}
            colours={colours}
            functions={data.functions}
            states={data.states}
            originNs={data.originNs}
            range={range}
            selected={selected}
            onRange={setRange}
            onSelect={(slice) => setPicked(slice === -1 ? -1 : (tracks.attempt[slice] ?? -1))}
          />
        )}
        <ul className="flex flex-wrap gap-x-4 border-[var(--line)] border-t px-4 py-2 text-[12px]">
          {colourLegend(mode, data.functions, data.states).map(({ colour, label }) => (
            <li key={label}>
              <span aria-hidden="true" className="mr-1 inline-block size-2.5" style={{ background: colour }} />
              {label}
            </li>
          ))}
          <li>hatched: failed</li>
        </ul>
      </Panel>
      {taskId === undefined ? null : <TimelineDetails narrow={narrow} taskId={taskId} onClose={() => setPicked(-1)} />}
      <Panel title="In the visible window" flush>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
        <section className="overflow-x-auto" tabIndex={0} aria-label="Attempts by function in the visible window">
          <table className="w-full text-right">
            <thead className="text-[var(--muted)]">
              <tr>
                {['Function', 'Attempts', 'Failures', 'Total', 'p50', 'p95', 'Longest'].map((title) => (
                  <th key={title} scope="col" className="px-4 py-2 font-normal first:text-left">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {sums.map((sum) => (
                <tr key={sum.functionIndex}>
                  <td className="mono px-4 py-1 text-left">{data.functions[sum.functionIndex]}</td>
                  <td className="px-4">{sum.count.toLocaleString('en-US')}</td>
                  <td className="px-4">{sum.failures.toLocaleString('en-US')}</td>
                  <td className="px-4">{durationText(sum.totalNs)}</td>
                  <td className="px-4">{durationText(sum.p50Ns)}</td>
                  <td className="px-4">{durationText(sum.p95Ns)}</td>
                  <td className="px-4">{durationText(sum.maxNs)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </Panel>
    </>
  );
}
