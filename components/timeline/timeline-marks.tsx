'use client';
/** Alerts and kills for memory on the clock of the lanes: a bar while an alert was pending or firing, a cross where a process was killed. */
import { useMemo } from 'react';
import { durationText } from '../../lib/chart/time-series/time-ticks.ts';
import { alertsAddress, oomAddress } from '../../lib/contract/requests/addresses.ts';
import { CursorLine } from '../charts/shared-cursor.tsx';
import { useApi } from '../queries/api-client.ts';
import { Link } from '../ui/link.tsx';

/** More than so many do not stand beside each other. */
const MOST = 300;

interface Mark {
  readonly key: string;
  readonly href: string;
  readonly words: string;
  /** Unix ms; null: goes on. */
  readonly fromMs: number;
  readonly toMs: number | null;
  readonly tone: string;
  readonly isKill: boolean;
}

const toMs = (ns: string): number => Number(BigInt(ns) / 1_000_000n);

export function TimelineMarks({
  jobRef,
  window,
  width,
  labels,
}: {
  jobRef: { readonly jobId: string; readonly session?: string };
  /** What the lanes show, Unix ms. */
  window: { readonly fromMs: number; readonly toMs: number };
  width: number;
  labels: number;
}) {
  const { jobId, session } = jobRef;
  const kills = useApi(
    oomAddress,
    { job: jobId, ...(session === undefined ? {} : { session }) },
    { refreshMs: 30_000 },
  );
  const alerts = useApi(alertsAddress, {}, { refreshMs: 30_000 });
  const marks = useMemo(() => {
    const all: Mark[] = [];
    for (const alert of alerts.data?.alerts ?? []) {
      const began = alert.activeAtNs ?? alert.firingSinceNs;
      const named = alert.labels.SessionName;
      // Of another cluster, where the alert says so.
      if (began === null || (named !== undefined && session !== undefined && named !== session)) continue;
      const [fromMs, end] = [toMs(began), alert.resolvedAtNs === null ? null : toMs(alert.resolvedAtNs)];
      const lasted = end === null ? alert.state : `${alert.state} after ${durationText((end - fromMs) * 1e6)}`;
      all.push({
        key: `alert ${alert.fingerprint}`,
        href: `/alerts/${alert.fingerprint}`,
        words: `Alert ${alert.name}, ${alert.severity ?? 'no severity'}, ${lasted}`,
        fromMs,
        toMs: end,
        tone: alert.state === 'resolved' ? 'var(--muted)' : alert.state === 'pending' ? 'var(--warn)' : 'var(--bad)',
        isKill: false,
      });
    }
    for (const kill of kills.data?.kills ?? []) {
      const address = new URLSearchParams({
        ...(session === undefined ? {} : { session }),
        ...(kill.taskId === null ? {} : { sel: `${kill.taskId}:${kill.attempt ?? 0}` }),
      });
      all.push({
        key: `kill ${kill.timeNs} ${kill.workerId ?? kill.pid ?? kill.name}`,
        href: kill.taskId === null ? '/memory' : `/jobs/${encodeURIComponent(jobId)}/timeline?${address}`,
        words: `Killed for memory: ${kill.name}${kill.nodeName === null ? '' : ` on ${kill.nodeName}`}, ${kill.outcome}`,
        fromMs: toMs(kill.timeNs),
        toMs: toMs(kill.timeNs),
        tone: 'var(--bad)',
        isKill: true,
      });
    }
    return all;
  }, [alerts.data, kills.data, jobId, session]);
  const seen = marks.filter((mark) => mark.fromMs <= window.toMs && (mark.toMs ?? Infinity) >= window.fromMs);
  const plot = Math.max(2, width - labels);
  const x = (ms: number) =>
    Math.min(plot, Math.max(0, ((ms - window.fromMs) / Math.max(1, window.toMs - window.fromMs)) * plot));
  const problem = alerts.error ?? kills.error;
  const isLoading = alerts.data === undefined && kills.data === undefined;
  return (
    <div className="flex h-7 border-[var(--line)] border-t text-[11px]">
      <div
        className="flex shrink-0 items-center border-[var(--line)] border-r px-2 pl-5 text-[var(--muted)]"
        style={{ width: labels }}
      >
        <span className="truncate">Alerts, kills</span>
      </div>
      <div className="relative min-w-0 flex-1 overflow-hidden">
        {seen.length === 0 ? (
          <p className="px-2.5 leading-7 text-[var(--muted)]">
            {problem !== null ? problem.message : isLoading ? 'Loading' : 'none in this window'}
          </p>
        ) : (
          <ul aria-label="Alerts and kills on the same clock">
            {seen.slice(0, MOST).map((mark) => {
              const [left, right] = [x(mark.fromMs), x(mark.toMs ?? window.toMs)];
              return (
                <li key={mark.key}>
                  <Link
                    href={mark.href}
                    title={mark.words}
                    aria-label={mark.words}
                    className="absolute top-1 flex h-5 items-center overflow-hidden rounded-[3px] focus-visible:z-10"
                    style={
                      mark.isKill
                        ? { left: Math.min(plot - 20, Math.max(0, left - 10)), width: 20, color: mark.tone }
                        : {
                            left: Math.min(left, plot - 6),
                            width: Math.max(6, right - left),
                            border: `1px solid ${mark.tone}`,
                            color: mark.tone,
                          }
                    }
                  >
                    {mark.isKill ? (
                      <span aria-hidden="true" className="w-full text-center font-semibold text-[13px]">
                        ✕
                      </span>
                    ) : right - left > 60 ? (
                      <span aria-hidden="true" className="truncate px-1.5">
                        {mark.words.replace(/^Alert /, '').split(',')[0]}
                      </span>
                    ) : null}
                  </Link>
                </li>
              );
            })}
          </ul>
        )}
        <CursorLine fromMs={window.fromMs} toMs={window.toMs} />
      </div>
    </div>
  );
}
