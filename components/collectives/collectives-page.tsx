'use client';
/** Collectives: who is late, how fast the wire is, and where every rank spends its time. */
import { useEffect, useMemo } from 'react';
import { coverageText, lateRankSentence } from '../../lib/chart/collectives/late-rank-sentence.ts';
import { counted, formatBytes, formatGigabytesPerSecond } from '../../lib/chart/format/number-format.ts';
import { prepareTimeChart } from '../../lib/chart/time-series/time-chart.ts';
import type { CollectivesWire, CommunicatorWire } from '../../lib/contract/collectives.ts';
import { TimeChart } from '../charts/time-chart.tsx';
import { SourceNotices } from '../panels/source-notices.tsx';
import { useCollectives } from '../queries/collectives.ts';
import { useSettledWindow } from '../shell/settled-window.ts';
import { type TimeWindow, useTimeWindow } from '../shell/time-window.tsx';
import { TimeWindowControl } from '../shell/time-window-control.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { useCollectiveAddress } from './collective-address.ts';
import { CollectiveRanks } from './collective-ranks.tsx';
import { CommunicatorTable, SOURCE_TEXT } from './communicator-table.tsx';

export function CollectivesPage() {
  const window = useTimeWindow();
  const address = useCollectiveAddress();
  const [requested, settle] = useSettledWindow(window);
  const { data, error, refetch, isFetching } = useCollectives({
    ...requested,
    cluster: address.cluster,
    session: address.session,
  });
  useEffect(() => {
    settle(isFetching);
  }, [settle, isFetching]);
  const selected = data?.communicators.find((one) => one.id === address.comm) ?? data?.communicators[0];
  return (
    <>
      <header className="flex flex-wrap items-center justify-between gap-2">
        <h1 className="font-semibold text-[18px]">Collectives{address.cluster ? ` of ${address.cluster}` : ''}</h1>
        <TimeWindowControl />
      </header>
      {data && error ? (
        <p role="status" className="text-[var(--warn)]">
          This may be out of date: {error.message}
        </p>
      ) : null}
      {data ? <SourceNotices notices={data.notices} /> : null}
      {data ? (
        selected ? (
          <>
            <Verdict selected={selected} all={data.communicators} nowMs={window.toMs} />
            <Panel title={counted(data.communicators.length, 'communicator', 'communicators')} flush>
              <CommunicatorTable
                communicators={data.communicators}
                selected={selected.id}
                onSelect={address.chooseCommunicator}
              />
            </Panel>
            <Bandwidth data={data} selected={selected} window={window} />
            <CollectiveRanks communicator={selected} window={window} />
          </>
        ) : (
          <Panel title="Communicators">
            <EmptyState title="No collective was measured in this window">
              X-Ray reads NCCL Inspector&apos;s gauges from Prometheus, and spans with the attributes op_type, rank,
              nranks and nccl.seq. The notices above say which of them is missing.
            </EmptyState>
          </Panel>
        )
      ) : error ? (
        <Panel title="Communicators">
          <ErrorState title={error.problem.title} detail={error.message} onRetry={() => void refetch()} />
        </Panel>
      ) : (
        <Panel title="Communicators">
          <Skeleton rows={10} />
        </Panel>
      )}
    </>
  );
}

function Verdict({
  selected,
  all,
  nowMs,
}: {
  selected: CommunicatorWire;
  all: readonly CommunicatorWire[];
  nowMs: number;
}) {
  const late = selected.verdict === 'late-rank' || selected.verdict === 'late-host';
  const wire = selected.busbwNow?.max ?? null;
  const others = all.filter((one) => one.id !== selected.id && (one.lateRank || one.lateHost)).length;
  return (
    <section
      aria-label="Verdict"
      className={`rounded-md border-[var(--line)] border border-l-4 bg-[var(--panel)] px-4 py-3 ${late || selected.slowTransfer || selected.standstill ? 'border-l-[var(--bad)]' : selected.verdict === 'no-late-rank' ? 'border-l-[var(--ok)]' : 'border-l-[var(--muted)]'}`}
    >
      <p className="text-[15px] leading-6">
        <span className="text-[var(--muted)]">
          {selected.name} ({SOURCE_TEXT[selected.source]}):{' '}
        </span>
        {lateRankSentence(selected, selected.busbwNow?.collective ?? 'collective', nowMs)}
      </p>
      <p className="mt-1 max-w-[110ch] text-[12px] text-[var(--muted)]">
        {selected.standstill
          ? 'A span is sent when it ends, so what hangs is told by what is missing. Other communicators of the job stand still with it. This does not say why the rank never joined: its process, its GPU, or another operation than the others are in.'
          : `${coverageText(selected.coverage)} All ranks leave together, so the rank with the shortest time arrived last and waited for nobody; its time is the transfer${late && wire !== null ? `, at ${formatGigabytesPerSecond(wire)} now` : ''}. This needs no clocks in step. It does not say why that rank is late (GPU, host, data, or another communicator that held it up), nor does a low bandwidth of the others accuse them.`}
        {others > 0 ? ` Somebody is late in ${others} more of ${all.length} communicators.` : ''}
      </p>
    </section>
  );
}

function Bandwidth({
  data,
  selected,
  window,
}: {
  data: CollectivesWire;
  selected: CommunicatorWire;
  window: TimeWindow;
}) {
  const address = useCollectiveAddress();
  const grid = address.bw === 'wire' ? data.wireBusbw : data.busbw;
  const model = useMemo(() => {
    const byId = new Map(data.communicators.map((one) => [one.id, one]));
    return prepareTimeChart(grid, {
      name: (labels) => {
        const one = byId.get(labels.communicator ?? '');
        const what = [labels.collective, formatBytes(Number(labels.message_size))].join(' ');
        return one ? `${one.name} ${what}, ${SOURCE_TEXT[one.source]}` : what;
      },
      format: formatGigabytesPerSecond,
      emphasise: (labels) => labels.communicator === selected.id,
      min: 0,
    });
  }, [grid, data.communicators, selected.id]);
  const choice = (bw: 'median' | 'wire', text: string) => (
    <button
      type="button"
      aria-pressed={address.bw === bw}
      className="rounded border border-[var(--line)] px-2 py-1 hover:bg-[var(--panel-2)] aria-pressed:border-[var(--accent)] aria-pressed:text-[var(--accent)]"
      onClick={() => address.chooseBandwidth(bw)}
    >
      {text}
    </button>
  );
  return (
    <Panel
      title="Bus bandwidth over time"
      actions={
        <fieldset aria-label="Which bandwidth" className="flex flex-wrap gap-1">
          {choice('median', 'Median rank, with waiting')}
          {choice('wire', 'Fastest rank, the wire')}
        </fieldset>
      }
    >
      {model.lines.length > 0 ? (
        <TimeChart label="Bus bandwidth over time" model={model} height={240} onWindow={window.setWindow} />
      ) : (
        <EmptyState title="No bandwidth in this window">The spans carry no message size.</EmptyState>
      )}
    </Panel>
  );
}
