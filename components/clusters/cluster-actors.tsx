'use client';
/** Actors of a cluster by state, with a filter by state. */
import { UNKNOWN } from '../../lib/chart/format/number-format.ts';
import type { ActorWireValue, ClusterWire } from '../../lib/contract/clusters.ts';
import { ownValue } from '../../lib/model/own-value.ts';
import { jobHref } from '../panels/job-status.tsx';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState } from '../ui/states.tsx';
import { StatusPill, type Tone } from '../ui/status-pill.tsx';

const TONES: Readonly<Record<string, Tone>> = {
  ALIVE: 'ok',
  DEAD: 'quiet',
  RESTARTING: 'warn',
  PENDING_CREATION: 'busy',
  DEPENDENCIES_UNREADY: 'busy',
};
const ORDER = ['ALIVE', 'RESTARTING', 'PENDING_CREATION', 'DEPENDENCIES_UNREADY', 'DEAD'];

const COLUMNS: readonly Column<ActorWireValue>[] = [
  {
    key: 'class',
    title: 'Actor',
    sort: (actor) => `${actor.className} ${actor.name ?? ''}`,
    cell: (actor) => (
      <div className="max-w-80">
        <div className="truncate font-medium">{actor.className || UNKNOWN}</div>
        <div className="mono truncate text-[var(--muted)]" title={actor.actorId}>
          {actor.name ?? actor.actorId.slice(0, 16)}
        </div>
      </div>
    ),
  },
  {
    key: 'state',
    title: 'State',
    sort: (actor) => actor.state,
    cell: (actor) => (
      <div className="max-w-md">
        <StatusPill tone={ownValue(TONES, actor.state) ?? 'quiet'}>{actor.state}</StatusPill>
        {actor.deathCause ? (
          <div className="truncate text-[12px] text-[var(--muted)]" title={actor.deathCause}>
            {actor.deathCause}
          </div>
        ) : null}
      </div>
    ),
  },
  {
    key: 'restarts',
    title: 'Restarts',
    align: 'right',
    sort: (actor) => actor.restarts ?? -1,
    cell: (actor) => actor.restarts ?? UNKNOWN,
  },
  {
    key: 'job',
    title: 'Job',
    sort: (actor) => actor.jobId,
    cell: (actor) => (
      <Link href={jobHref(actor)} className="mono">
        {actor.jobId}
      </Link>
    ),
  },
  {
    key: 'node',
    title: 'Node',
    sort: (actor) => actor.nodeId ?? '',
    cell: (actor) => (
      <span className="mono" title={actor.nodeId ?? ''}>
        {actor.nodeId?.slice(0, 8) ?? UNKNOWN}
      </span>
    ),
  },
  { key: 'pid', title: 'pid', align: 'right', sort: (actor) => actor.pid ?? 0, cell: (actor) => actor.pid ?? UNKNOWN },
];

export function ClusterActors({
  actors,
  state,
  onState,
}: {
  actors: ClusterWire['actors'];
  state: string | null;
  onState: (state: string | null) => void;
}) {
  const states = Object.entries(actors.byState).sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b));
  const of = state === null ? actors.total : (ownValue(actors.byState, state) ?? 0);
  return (
    <Panel
      title={`${actors.total.toLocaleString('en-US')} actors`}
      flush
      actions={
        states.length > 0 ? (
          <fieldset aria-label="Actors by state" className="flex flex-wrap gap-1">
            {[[null, actors.total] as const, ...states].map(([name, count]) => (
              <button
                key={name ?? 'all'}
                type="button"
                aria-pressed={state === name}
                onClick={() => onState(name)}
                className="rounded border border-[var(--line)] px-2 py-0.5 hover:bg-[var(--panel-2)] aria-pressed:border-[var(--accent)] aria-pressed:text-[var(--accent)]"
              >
                {name ?? 'all'} {count.toLocaleString('en-US')}
              </button>
            ))}
          </fieldset>
        ) : null
      }
    >
      {actors.rows.length > 0 ? (
        <>
          <DataTable label="Actors" columns={COLUMNS} rows={actors.rows} rowKey={(actor) => actor.actorId} />
          {of > actors.rows.length ? (
            <p className="border-[var(--line)] border-t px-4 py-2 text-[var(--muted)]">
              The first {actors.rows.length.toLocaleString('en-US')} of {of.toLocaleString('en-US')} are shown.
            </p>
          ) : null}
        </>
      ) : (
        <EmptyState title={state === null ? 'No actor is known' : `No actor is ${state}`}>
          {state === null ? 'Actors come from Ray’s events and from its State API.' : null}
        </EmptyState>
      )}
    </Panel>
  );
}
