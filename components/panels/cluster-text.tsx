/** A cluster in words and bars: its state, its use, its waste. Shared by the list and the page. */

import { formatBytes, UNKNOWN } from '../../lib/chart/format/number-format.ts';
import { agoText } from '../../lib/chart/format/relative-time.ts';
import type { ClusterSummaryWire } from '../../lib/contract/clusters.ts';
import { ShareBar } from '../ui/share-bar.tsx';
import { StatusPill, type Tone } from '../ui/status-pill.tsx';

const TONES: Record<ClusterSummaryWire['state'], Tone> = { alive: 'ok', silent: 'warn', ended: 'quiet' };

export const ClusterState = ({ state }: { state: ClusterSummaryWire['state'] }) => (
  <StatusPill tone={TONES[state]}>{state}</StatusPill>
);

/** The page of a cluster, of one session of it where that is given. */
export const clusterHref = (cluster: string, session?: string): string =>
  `/clusters/${encodeURIComponent(cluster)}${session ? `?session=${encodeURIComponent(session)}` : ''}`;

/** A count of CPUs or GPUs, at most one decimal. */
export const formatUnits = (count: number | null): string =>
  count === null ? UNKNOWN : (Math.round(10 * count) / 10).toLocaleString('en-US');

const of = (used: string, total: string) => (
  <>
    {used}
    <span className="text-[var(--muted)]"> of {total}</span>
  </>
);
const percent = (used: number | null, total: number | null): string =>
  used === null || !total ? '' : `${Math.round((100 * used) / total)} %`;

/** GPUs of a cluster: busy, given away but idle, free. `nothing measures` where waste cannot be told. */
export function GpuBar({ summary }: { summary: Pick<ClusterSummaryWire, 'gpu' | 'waste' | 'state'> }) {
  const { gpu, waste } = summary;
  const busy = waste.gpusUsed ?? gpu.used ?? 0;
  const wasted = waste.gpusWasted ?? 0;
  return (
    <ShareBar
      label="GPU"
      value={gpu.total === null ? UNKNOWN : of(formatUnits(gpu.used), formatUnits(gpu.total))}
      note={
        gpu.total === null ? (
          'no GPU is known'
        ) : waste.gpusWasted === null ? (
          gpu.used === null ? (
            'not measured'
          ) : (
            'how busy is not measured'
          )
        ) : wasted >= 0.05 ? (
          <span className="text-[var(--warn)]">
            <span aria-hidden="true">▲ </span>
            {formatUnits(wasted)} allocated but idle
          </span>
        ) : (
          'none idle'
        )
      }
      total={gpu.total}
      parts={[
        { name: 'busy', count: busy, colour: 'var(--accent)' },
        { name: 'allocated but idle', count: wasted, colour: 'var(--warn)', hatched: true },
      ]}
    />
  );
}

export function CpuBar({ summary }: { summary: Pick<ClusterSummaryWire, 'cpu'> }) {
  const { used, total } = summary.cpu;
  return (
    <ShareBar
      label="CPU"
      value={total === null ? UNKNOWN : of(formatUnits(used), formatUnits(total))}
      note={used === null ? 'not measured' : `${percent(used, total)} allocated`}
      total={total}
      parts={[{ name: 'allocated', count: used ?? 0, colour: 'var(--accent)' }]}
    />
  );
}

export function MemoryBar({ summary }: { summary: Pick<ClusterSummaryWire, 'memoryBytes'> }) {
  const { used, total } = summary.memoryBytes;
  return (
    <ShareBar
      label="Memory"
      value={total === null ? UNKNOWN : of(formatBytes(used), formatBytes(total))}
      note={used === null ? 'not measured' : `${percent(used, total)} used`}
      total={total}
      parts={[{ name: 'used', count: used ?? 0, colour: 'var(--accent)' }]}
    />
  );
}

/** `now`, `5 min ago`; the sources that spoke are the title. */
export const seenText = (summary: Pick<ClusterSummaryWire, 'lastHeardNs'>, nowMs: number): string =>
  summary.lastHeardNs === null ? 'never seen' : `seen ${agoText(summary.lastHeardNs, nowMs)}`;
