'use client';
/** Alerts that fire, wait or are over, and the rules behind them. */
import { formatTimestamp, UNKNOWN } from '../../lib/chart/format/number-format.ts';
import type { AlertWireValue, RuleWireValue } from '../../lib/contract/alerts.ts';
import { AlertState, alertHref, alertSince, alertSummary, formatValue } from '../panels/alert-text.tsx';
import { SourceNotices } from '../panels/source-notices.tsx';
import { useAlerts } from '../queries/alerts.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Link } from '../ui/link.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { StatusPill } from '../ui/status-pill.tsx';

export const ALERT_COLUMNS: readonly Column<AlertWireValue>[] = [
  {
    key: 'name',
    title: 'Alert',
    sort: (alert) => alert.name,
    cell: (alert) => (
      <div className="max-w-xl">
        <Link href={alertHref(alert)} className="font-medium">
          {alert.name}
        </Link>
        <div className="truncate text-[12px] text-[var(--muted)]" title={alertSummary(alert)}>
          {alertSummary(alert)}
        </div>
      </div>
    ),
  },
  { key: 'state', title: 'State', sort: (alert) => alert.state, cell: (alert) => <AlertState alert={alert} /> },
  {
    key: 'severity',
    title: 'Severity',
    sort: (alert) => alert.severity ?? '',
    cell: (alert) => alert.severity ?? UNKNOWN,
  },
  {
    key: 'since',
    title: 'Since (UTC)',
    sort: (alert) => alertSince(alert) ?? '',
    cell: (alert) => formatTimestamp(alertSince(alert)),
  },
  {
    key: 'value',
    title: 'Value',
    align: 'right',
    sort: (alert) => alert.value ?? 0,
    cell: (alert) => formatValue(alert.value),
  },
  {
    key: 'cluster',
    title: 'Cluster',
    sort: (alert) => alert.cluster ?? '',
    cell: (alert) => <span className="mono">{alert.cluster ?? UNKNOWN}</span>,
  },
];

const RULE_COLUMNS: readonly Column<RuleWireValue>[] = [
  { key: 'name', title: 'Rule', sort: (rule) => rule.name, cell: (rule) => rule.name },
  {
    key: 'health',
    title: 'Health',
    sort: (rule) => rule.health,
    cell: (rule) =>
      rule.health === 'err' ? (
        <div className="max-w-md whitespace-normal">
          <StatusPill tone="bad">cannot be evaluated</StatusPill>
          <div className="text-[12px] text-[var(--muted)]">{rule.lastError}</div>
        </div>
      ) : (
        <StatusPill tone={rule.health === 'ok' ? 'ok' : 'quiet'}>{rule.health}</StatusPill>
      ),
  },
  { key: 'state', title: 'State', sort: (rule) => rule.state, cell: (rule) => rule.state },
  { key: 'for', title: 'For', align: 'right', sort: (rule) => rule.forSeconds, cell: (rule) => `${rule.forSeconds} s` },
  {
    key: 'query',
    title: 'Expression',
    cell: (rule) => (
      <code className="mono block max-w-xl truncate" title={rule.query}>
        {rule.query}
      </code>
    ),
  },
];

export function AlertsPage({ cluster }: { cluster: string | null }) {
  const { data, error, refetch } = useAlerts(cluster);
  const count = (state: AlertWireValue['state']) => data?.alerts.filter((alert) => alert.state === state).length ?? 0;
  return (
    <>
      <h1 className="font-semibold text-[18px]">Alerts{cluster ? ` of ${cluster}` : ''}</h1>
      {data && error ? (
        <p role="status" className="text-[var(--warn)]">
          This may be out of date: {error.message}
        </p>
      ) : null}
      {data ? <SourceNotices notices={data.notices} /> : null}
      <Panel
        title={
          data ? `${count('firing')} firing, ${count('pending')} pending, ${count('resolved')} resolved` : 'Alerts'
        }
        flush
      >
        {data ? (
          data.alerts.length > 0 ? (
            <DataTable
              label="Alerts"
              columns={ALERT_COLUMNS}
              rows={data.alerts}
              rowKey={(alert) => alert.fingerprint}
            />
          ) : (
            <EmptyState title={data.notices.length > 0 ? 'No alert is known' : 'Nothing fires'}>
              {data.rules.length} rules are watched.
            </EmptyState>
          )
        ) : error ? (
          <ErrorState title={error.problem.title} detail={error.message} onRetry={() => void refetch()} />
        ) : (
          <Skeleton />
        )}
      </Panel>
      {data && data.rules.length > 0 ? (
        <Panel title={`${data.rules.length} rules`} flush>
          <DataTable
            label="Rules"
            columns={RULE_COLUMNS}
            rows={data.rules}
            rowKey={(rule) => `${rule.group} ${rule.name} ${rule.query}`}
          />
        </Panel>
      ) : null}
    </>
  );
}
