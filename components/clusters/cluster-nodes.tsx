'use client';
/** Nodes of a cluster: each raylet a row, with what its host measures; dead ones stay, with why. */
import { formatBytes, formatShare, formatTimestamp, UNKNOWN } from '../../lib/chart/format/number-format.ts';
import type { NodeWireValue } from '../../lib/contract/clusters.ts';
import { formatUnits } from '../panels/cluster-text.tsx';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState } from '../ui/states.tsx';
import { StatusPill, type Tone } from '../ui/status-pill.tsx';

const TONES: Record<NodeWireValue['state'], Tone> = { ALIVE: 'ok', DEAD: 'bad', UNKNOWN: 'quiet' };

const Bar = ({ share, colour = 'var(--accent)' }: { share: number | null; colour?: string }) => (
  <div aria-hidden="true" className="mt-1 h-1 w-full overflow-hidden rounded-full bg-[var(--track)]">
    {share === null ? null : (
      <div className="h-full" style={{ width: `${100 * Math.min(1, Math.max(0, share))}%`, background: colour }} />
    )}
  </div>
);

const COLUMNS: readonly Column<NodeWireValue>[] = [
  {
    key: 'name',
    title: 'Node',
    sort: (node) => node.name ?? node.nodeId ?? '',
    cell: (node) => (
      <div className="max-w-72">
        <div className="font-medium">
          {node.name ?? node.ip ?? UNKNOWN}
          {node.isHead ? <span className="ml-2 font-normal text-[12px] text-[var(--muted)]">head</span> : null}
        </div>
        <div className="mono truncate text-[var(--muted)]" title={node.nodeId ?? 'known from metrics only'}>
          {node.ip ?? UNKNOWN} · {node.nodeId ? node.nodeId.slice(0, 8) : 'known from metrics only'}
        </div>
        {node.sharesHostWith.length > 0 ? (
          <div className="whitespace-normal text-[12px] text-[var(--warn)]">
            <span aria-hidden="true">▲ </span>shares its host with {node.sharesHostWith.join(', ')}: CPU, memory and
            GPUs are the host&apos;s
          </div>
        ) : null}
      </div>
    ),
  },
  {
    key: 'state',
    title: 'State',
    sort: (node) => node.state,
    cell: (node) => (
      <div className="min-w-36 max-w-64">
        <StatusPill tone={TONES[node.state]}>{node.state}</StatusPill>
        <div className="whitespace-normal text-[12px] text-[var(--muted)]">
          {node.state === 'DEAD'
            ? `${formatTimestamp(node.endNs)} UTC${node.deathReason ? `: ${node.deathReason}` : ''}`
            : node.state === 'UNKNOWN'
              ? 'did not tell its end'
              : `since ${formatTimestamp(node.startNs)} UTC`}
        </div>
      </div>
    ),
  },
  {
    key: 'cpu',
    title: 'CPU busy',
    sort: (node) => node.cpuUtilization ?? -1,
    cell: (node) => (
      <div className="w-24">
        {node.cpuUtilization === null ? (
          <span className="text-[var(--muted)]">not measured</span>
        ) : (
          formatShare(node.cpuUtilization)
        )}
        <Bar share={node.cpuUtilization} />
        <div className="mt-0.5 text-[12px] text-[var(--muted)]">
          {formatUnits(node.cpu.used)} of {formatUnits(node.cpu.total ?? node.resources.CPU ?? null)} allocated
        </div>
      </div>
    ),
  },
  {
    key: 'memory',
    title: 'Memory',
    sort: (node) => node.memoryUsedBytes ?? -1,
    cell: (node) => (
      <div className="w-32">
        {node.memoryUsedBytes === null ? (
          <span className="text-[var(--muted)]">not measured</span>
        ) : (
          <>
            {formatBytes(node.memoryUsedBytes)}
            <span className="text-[var(--muted)]"> of {formatBytes(node.memoryTotalBytes)}</span>
          </>
        )}
        <Bar
          share={
            node.memoryUsedBytes === null || !node.memoryTotalBytes
              ? null
              : node.memoryUsedBytes / node.memoryTotalBytes
          }
        />
      </div>
    ),
  },
  {
    key: 'gpus',
    title: 'GPUs: busy above, memory below',
    sort: (node) => node.gpus.reduce((sum, gpu) => sum + (gpu.utilization ?? 0), 0),
    cell: (node) => <Gpus node={node} />,
  },
];

/** One pair of bars per GPU; the numbers are in each pair's label. */
function Gpus({ node }: { node: NodeWireValue }) {
  const there = node.gpu.total ?? node.resources.GPU ?? 0;
  if (node.gpus.length === 0)
    return (
      <span className="text-[var(--muted)]">{there > 0 ? `${formatUnits(there)} GPUs, not measured` : 'none'}</span>
    );
  return (
    <div className="flex items-end gap-3">
      <ul aria-label={`GPUs of ${node.name ?? node.ip ?? 'this node'}`} className="flex gap-1.5">
        {node.gpus.map((gpu) => {
          const memory =
            gpu.memoryUsedBytes === null || !gpu.memoryTotalBytes ? null : gpu.memoryUsedBytes / gpu.memoryTotalBytes;
          const text = `GPU ${gpu.index}${gpu.name ? ` (${gpu.name})` : ''}: ${formatShare(gpu.utilization)} busy, memory ${formatBytes(gpu.memoryUsedBytes)} of ${formatBytes(gpu.memoryTotalBytes)}`;
          return (
            <li key={gpu.index} title={text} className="relative w-12">
              <span className="sr-only">{text}</span>
              <span aria-hidden="true" className="flex justify-between text-[10px] leading-4">
                <span className="text-[var(--muted)]">{gpu.index}</span>
                <span>{gpu.utilization === null ? UNKNOWN : `${Math.round(100 * gpu.utilization)}%`}</span>
              </span>
              <Bar share={gpu.utilization} />
              <Bar share={memory} colour="var(--series-4)" />
            </li>
          );
        })}
      </ul>
      <span className="text-[12px] text-[var(--muted)]">
        {formatUnits(node.gpu.used)} of {formatUnits(there)}
        <br />
        allocated
      </span>
    </div>
  );
}

export function ClusterNodes({ nodes }: { nodes: readonly NodeWireValue[] }) {
  const alive = nodes.filter((node) => node.state === 'ALIVE').length;
  return (
    <Panel title={`${alive} of ${nodes.length} nodes alive`} flush>
      {nodes.length > 0 ? (
        <DataTable
          label="Nodes"
          columns={COLUMNS}
          rows={nodes}
          rowKey={(node) => node.nodeId ?? `${node.ip} ${node.name}`}
        />
      ) : (
        <EmptyState title="No node is known">
          Nodes come from Ray&apos;s events, its State API or its metrics.
        </EmptyState>
      )}
    </Panel>
  );
}
