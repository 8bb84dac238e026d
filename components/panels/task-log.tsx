'use client';
/** What one attempt of a task wrote, to stdout or to stderr. For any page that has an attempt at hand. */
import { useState } from 'react';
import { LogLines } from './log-lines.tsx';

const STREAMS = ['out', 'err'] as const;

/** `session` null: the job is the only one with its id. `live`: the attempt still runs. */
export function TaskLog({
  jobId,
  session,
  taskId,
  attempt,
  live = false,
  initialStream = 'out',
  height = '16rem',
}: {
  jobId: string;
  session: string | null;
  taskId: string;
  attempt: number;
  live?: boolean;
  initialStream?: (typeof STREAMS)[number];
  height?: string;
}) {
  const [stream, setStream] = useState(initialStream);
  return (
    <section aria-label={`Log of attempt ${attempt}`} className="rounded border border-[var(--line)] bg-[var(--panel)]">
      <div className="flex items-center gap-2 px-4 pt-2">
        <h4 className="font-medium">Log of attempt {attempt}</h4>
        <fieldset aria-label="Stream" className="flex gap-1">
          {STREAMS.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={stream === one}
              onClick={() => setStream(one)}
              className="rounded border border-[var(--line)] px-2 text-[12px] aria-pressed:border-[var(--accent)] aria-pressed:text-[var(--accent)]"
            >
              std{one}
            </button>
          ))}
        </fieldset>
      </div>
      <LogLines
        // Another log is another panel: nothing of the one before may be seen in it.
        key={`${taskId}.${attempt}.${stream}`}
        question={{ jobId, ...(session ? { session } : {}), taskId, attempt, stream }}
        label={`std${stream} of attempt ${attempt}`}
        live={live}
        height={height}
      />
    </section>
  );
}
