'use client';
/** The ranks of one communicator: time inside over time, wait against transfer, and what ran on the chosen one. */
import { useEffect, useMemo } from 'react';
import { LEVELS, levelColour, microsecondsText, prepareRankStrips } from '../../lib/chart/collectives/rank-strips.ts';
import { formatBytes } from '../../lib/chart/format/number-format.ts';
import type { CommunicatorWire } from '../../lib/contract/collectives.ts';
import { RankStrips } from '../charts/rank-strips.tsx';
import { useCollectiveRanks } from '../queries/collectives.ts';
import { useSettledWindow } from '../shell/settled-window.ts';
import type { TimeWindow } from '../shell/time-window.tsx';
import { NotListed } from '../ui/not-listed.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { useCollectiveAddress } from './collective-address.ts';
import { RankDetails } from './rank-details.tsx';

const control = 'rounded border border-[var(--line)] bg-[var(--panel-2)] px-2 py-1';

export function CollectiveRanks({ communicator, window }: { communicator: CommunicatorWire; window: TimeWindow }) {
  const address = useCollectiveAddress();
  const collective =
    address.op && communicator.collectives.includes(address.op)
      ? address.op
      : communicator.collectives.includes('AllReduce')
        ? 'AllReduce'
        : (communicator.collectives[0] ?? 'AllReduce');
  const [requested, settle] = useSettledWindow(window);
  const { data, error, refetch, isFetching } = useCollectiveRanks({
    ...requested,
    cluster: address.cluster,
    session: address.session,
    communicator: communicator.id,
    collective,
    messageSize: address.size,
  });
  useEffect(() => {
    settle(isFetching);
  }, [settle, isFetching]);
  const model = useMemo(() => (data ? prepareRankStrips(data.ranks, data) : null), [data]);
  const chosen = data?.ranks.findIndex((one) => one.rank === address.rank) ?? -1;
  const rank = data?.ranks[chosen];
  const split = data?.ranks.some((one) => one.meanWaitUs !== null) ?? false;
  return (
    <>
      <Panel
        title={`Ranks of ${communicator.name}, latest first`}
        actions={
          <div className="flex flex-wrap gap-2">
            <select
              aria-label="Collective"
              className={control}
              value={collective}
              onChange={(event) => address.chooseCollective(event.target.value)}
            >
              {communicator.collectives.map((op) => (
                <option key={op}>{op}</option>
              ))}
            </select>
            <select
              aria-label="Message size"
              className={control}
              value={address.size ?? ''}
              onChange={(event) => address.chooseSize(event.target.value === '' ? null : Number(event.target.value))}
            >
              <option value="">All sizes</option>
              {communicator.messageSizesBytes.map((size) => (
                <option key={size} value={size}>
                  {size === 0 ? '0 B' : `${formatBytes(size)} and up`}
                </option>
              ))}
            </select>
          </div>
        }
      >
        {model && data ? (
          model.rows.length > 0 ? (
            <>
              <RankStrips
                label={`Ranks of ${communicator.name} by lateness`}
                model={model}
                barsTitle={
                  split
                    ? `transfer, wait: to ${microsecondsText(model.longestUs)}`
                    : `time: to ${microsecondsText(model.longestUs)}`
                }
                chosen={chosen}
                onChoose={(row) => address.chooseRank(data.ranks[row]?.rank ?? null)}
              />
              <Legend split={split} range={model.range} />
              <NotListed count={data.omitted} one="rank that arrives earlier" many="ranks that arrive earlier" />
              {data.verdict === 'cannot-tell' ? (
                <p className="mt-2 text-[var(--muted)]">No rank is named: {data.reason}</p>
              ) : null}
            </>
          ) : (
            <EmptyState title="No rank was measured in this window" />
          )
        ) : error ? (
          <ErrorState title={error.problem.title} detail={error.message} onRetry={() => void refetch()} />
        ) : (
          <Skeleton rows={8} />
        )}
      </Panel>
      {rank && data ? (
        <RankDetails rank={rank} of={data} window={window} onClose={() => address.chooseRank(null)} />
      ) : null}
    </>
  );
}

function Legend({ split, range }: { split: boolean; range: { minUs: number; maxUs: number } | null }) {
  const swatch = (colour: string) => (
    <span aria-hidden="true" className="inline-block h-2.5 w-2.5 rounded-sm" style={{ background: colour }} />
  );
  const ramp = Array.from({ length: 8 }, (_, i) => levelColour((i * (LEVELS - 1)) / 7)).join(', ');
  return (
    <div className="mt-2 flex flex-wrap items-center gap-x-4 gap-y-1 text-[12px] text-[var(--muted)]">
      {range ? (
        <span className="inline-flex items-center gap-1.5">
          time inside {microsecondsText(range.minUs)}
          <span
            aria-hidden="true"
            className="inline-block h-2.5 w-24 rounded-sm"
            style={{ background: `linear-gradient(90deg, ${ramp})` }}
          />
          {microsecondsText(range.maxUs)}, logarithmic
        </span>
      ) : null}
      {split ? (
        <>
          <span className="inline-flex items-center gap-1.5">{swatch('var(--series-1)')} transfer</span>
          <span className="inline-flex items-center gap-1.5">{swatch('var(--series-2)')} wait for the last rank</span>
        </>
      ) : (
        <span className="inline-flex items-center gap-1.5">
          {swatch('var(--series-6)')} time inside, wait and transfer not told apart
        </span>
      )}
      <span>A dark row among light ones arrives late: it waits for nobody.</span>
    </div>
  );
}
