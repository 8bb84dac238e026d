'use client';
/** One alert: what was measured against which threshold, when, where, and what fired beside it. */
import { formatTimestamp, UNKNOWN } from '../../lib/chart/format/number-format.ts';
import type { AlertDetailWire } from '../../lib/contract/alerts.ts';
import { AlertState, alertSince, alertSummary, formatValue } from '../panels/alert-text.tsx';
import { SourceNotices } from '../panels/source-notices.tsx';
import { useAlert } from '../queries/alerts.ts';
import { DataTable } from '../ui/data-table.tsx';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { AlertChart } from './alert-chart.tsx';
import { AlertRanThere } from './alert-ran-there.tsx';
import { ALERT_COLUMNS } from './alerts-page.tsx';

export function AlertPage({ fingerprint }: { fingerprint: string }) {
  const { data, error, refetch } = useAlert(fingerprint);
  if (!data)
    return error ? (
      <ErrorState title={error.problem.title} detail={error.message} onRetry={() => void refetch()} />
    ) : (
      <Skeleton />
    );
  const { alert, rule, evaluation } = data;
  return (
    <>
      <header className="space-y-1">
        <Link href="/alerts" className="text-[12px] underline">
          Alerts
        </Link>
        <h1 className="font-semibold text-[18px]">{alert.name}</h1>
        <p>{alertSummary(alert)}</p>
        <p className="flex flex-wrap gap-x-4 gap-y-1">
          <AlertState alert={alert} />
          <span>since {formatTimestamp(alertSince(alert))} UTC</span>
          <span>severity {alert.severity ?? UNKNOWN}</span>
          <span>
            value {formatValue(alert.value)}
            {evaluation?.comparison ? `, fires at ${evaluation.comparison} ${formatValue(evaluation.threshold)}` : ''}
          </span>
          {alert.receivers.length > 0 ? <span>sent to {alert.receivers.join(', ')}</span> : null}
        </p>
      </header>
      {error ? (
        <p role="status" className="text-[var(--warn)]">
          This may be out of date: {error.message}
        </p>
      ) : null}
      <SourceNotices notices={data.notices} />
      <Panel title="Value and threshold">
        {evaluation && evaluation.grid.series.length > 0 ? (
          <AlertChart evaluation={evaluation} history={data.history} />
        ) : (
          <EmptyState title={rule ? 'Nothing was measured in this window' : 'The rule of this alert is not known'} />
        )}
        {rule ? (
          <code className="mono mt-3 block break-words text-[12px] text-[var(--muted)]">{rule.query}</code>
        ) : null}
        {rule?.health === 'err' ? <p className="text-[var(--bad)]">Cannot be evaluated: {rule.lastError}</p> : null}
      </Panel>
      {alert.annotations.description || alert.annotations.runbook ? (
        <Panel title="What to do">
          <p className="whitespace-pre-line">{alert.annotations.description}</p>
          <p className="mt-2 whitespace-pre-line">{alert.annotations.runbook}</p>
        </Panel>
      ) : null}
      <Panel title="Where">
        <Entities detail={data} />
        <WindowLinks detail={data} />
      </Panel>
      <AlertRanThere detail={data} />
      <Panel title={`${data.siblings.length} alerts within 10 minutes`} flush>
        {data.siblings.length > 0 ? (
          <DataTable
            label="Alerts near in time"
            columns={ALERT_COLUMNS}
            rows={data.siblings}
            rowKey={(one) => one.fingerprint}
          />
        ) : (
          <EmptyState title="No other alert began within 10 minutes" />
        )}
      </Panel>
    </>
  );
}

const ENTITY_TEXT: Readonly<Record<keyof AlertDetailWire['entities'], string>> = {
  cluster: 'Cluster',
  session: 'Session',
  nodeId: 'Node id',
  nodeIp: 'Address',
  nodeName: 'Node',
  gpu: 'GPU',
  rank: 'Rank',
  workerId: 'Worker',
  jobId: 'Job',
  function: 'Function',
};

/** The heat map at this alert's window, with its node or GPU chosen where the labels name one. */
function WindowLinks({ detail }: { detail: AlertDetailWire }) {
  const { nodeIp, nodeName, nodeId, gpu, jobId, session } = detail.entities;
  const node = nodeIp ?? nodeName ?? nodeId;
  const ms = (ns: string) => String(BigInt(ns) / 1_000_000n);
  const memory = new URLSearchParams({
    by: node !== null && gpu !== null ? 'gpu' : 'node',
    ...(node === null ? {} : { row: gpu === null ? node : `${node}/gpu${gpu}` }),
    from: ms(detail.fromNs),
    to: ms(detail.toNs),
    v: '1',
  });
  const window = `from=${detail.fromNs}&to=${detail.toNs}`;
  return (
    <p className="mt-3 flex flex-wrap gap-x-4 gap-y-1">
      <Link href={`/memory?${memory}`}>Memory in this window</Link>
      {jobId === null ? null : (
        <Link
          href={`/jobs/${encodeURIComponent(jobId)}/timeline?${session === null ? '' : `session=${session}&`}${window}`}
        >
          Timeline of job {jobId} in this window
        </Link>
      )}
    </p>
  );
}

function Entities({ detail }: { detail: AlertDetailWire }) {
  const { entities } = detail;
  const session = entities.session ? `?session=${encodeURIComponent(entities.session)}` : '';
  const href = (name: string, value: string): string | null =>
    name === 'cluster'
      ? `/clusters/${encodeURIComponent(value)}`
      : name === 'jobId'
        ? `/jobs/${encodeURIComponent(value)}${session}`
        : null;
  const named = Object.entries(ENTITY_TEXT).flatMap(([name, word]) => {
    const value = entities[name as keyof typeof entities];
    return value === null ? [] : [{ name, word, value }];
  });
  if (named.length === 0) return <p className="text-[var(--muted)]">Its labels name no node, job or function.</p>;
  return (
    <dl className="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-1 lg:grid-cols-[max-content_1fr_max-content_1fr]">
      {named.map(({ name, word, value }) => {
        const to = href(name, value);
        return (
          <div key={name} className="contents">
            <dt className="text-[var(--muted)]">{word}</dt>
            <dd className="mono break-all">{to ? <Link href={to}>{value}</Link> : value}</dd>
          </div>
        );
      })}
    </dl>
  );
}
