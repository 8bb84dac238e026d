import type { JobSummaryWire } from '../../lib/contract/jobs.ts';
import { StatusPill, type Tone } from '../ui/status-pill.tsx';

const TONES: Record<JobSummaryWire['status'], Tone> = {
  PENDING: 'quiet',
  RUNNING: 'busy',
  STOPPED: 'warn',
  SUCCEEDED: 'ok',
  FAILED: 'bad',
  FINISHED: 'ok',
  UNKNOWN: 'quiet',
};

export const JobStatus = ({ status }: { status: JobSummaryWire['status'] }) => (
  <StatusPill tone={TONES[status]}>{status}</StatusPill>
);

/** Address of a job's page: narrowed by session, because job ids repeat in every session. */
export const jobHref = (job: { jobId: string; session: string }): string =>
  `/jobs/${encodeURIComponent(job.jobId)}?session=${encodeURIComponent(job.session)}`;

interface Progress {
  readonly attempts: number;
  readonly finished: number;
  readonly failed: number;
  readonly running: number;
  readonly pending: number;
}

/** Attempts by Ray's states as progress: RUNNING_IN_RAY_GET and _WAIT are running too. */
export function progressOf(byState: Readonly<Record<string, number>>): Progress {
  const attempts = Object.values(byState).reduce((sum, count) => sum + count, 0);
  const finished = byState.FINISHED ?? 0;
  const failed = byState.FAILED ?? 0;
  const running = Object.entries(byState).reduce(
    (sum, [state, count]) => (state.startsWith('RUNNING') ? sum + count : sum),
    0,
  );
  return { attempts, finished, failed, running, pending: attempts - finished - failed - running };
}

/** Attempts by what became of them; widths are shares, the numbers stand beside. */
export function TaskProgress({ tasks }: { tasks: Progress }) {
  const parts = [
    { key: 'finished', count: tasks.finished, colour: 'var(--ok)' },
    { key: 'failed', count: tasks.failed, colour: 'var(--bad)' },
    { key: 'running', count: tasks.running, colour: 'var(--accent)' },
    { key: 'pending', count: tasks.pending, colour: 'var(--muted)' },
  ].filter((part) => part.count > 0);
  const label = parts.map((part) => `${part.count.toLocaleString('en-US')} ${part.key}`).join(', ') || 'no tasks';
  return (
    <div className="min-w-48">
      <div aria-hidden="true" className="flex h-1.5 overflow-hidden rounded-full bg-[var(--panel-2)]">
        {parts.map((part) => (
          <div
            key={part.key}
            style={{ width: `${(100 * part.count) / tasks.attempts}%`, minWidth: 2, background: part.colour }}
          />
        ))}
      </div>
      <div className="mt-0.5 text-[12px] text-[var(--muted)]">{label}</div>
    </div>
  );
}
