/** Use case of GET /api/alerts: rules and alerts of Prometheus, what Alertmanager did with them, and what is over. */
import { parse } from 'yaml';
import { z } from 'zod';
import type { AlertsWire, AlertWireValue } from '../../contract/alerts.ts';
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import type { LabelSet } from '../../model/series.ts';
import { milliseconds } from '../../model/units.ts';
import { byKey } from '../../schema/by-key.ts';
import { errorSentence } from '../../schema/error-sentence.ts';
import { setAsideSentence } from '../../schema/set-aside.ts';
import { decodeReceivedAlerts } from '../../sources/alertmanager/decode-alerts.ts';
import { type DecodedRules, decodeRules, type PrometheusRule } from '../../sources/prometheus/decode-rules.ts';
import { ConfigStatus } from '../../sources/prometheus/wire.ts';
import { lastAlertTransitions } from '../../store/queries/alert-transitions.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { addStored, alertsOfRules, joinAlertmanager, ruleWire } from './alert-join.ts';

export interface AlertBoard {
  readonly alerts: readonly AlertWireValue[];
  readonly rules: readonly PrometheusRule[];
  readonly notices: readonly SourceNoticeWire[];
  /** False where Prometheus did not answer: nothing can be said to be over. */
  readonly complete: boolean;
  /** Whether an alert that is not among these may fire all the same, because what would tell could not be read. */
  readonly mayGoOn: (alert: AlertWireValue) => boolean;
}

type AlertSources = Pick<Runtime, 'prometheus' | 'alertmanager' | 'engine'>;
const RESOLVED_KEPT_NS = 86_400_000_000_000n;
/** Rows of one answer. */
const MOST_ALERTS = 5_000;
const STATE_ORDER = { firing: 0, pending: 1, resolved: 2 } as const;
const GlobalConfig = z.looseObject({
  global: z.looseObject({ external_labels: byKey(z.coerce.string()).optional() }).nullish(),
});

export async function alerts(
  runtime: Runtime,
  query: { cluster?: string | undefined; state?: 'pending' | 'firing' | 'resolved' | undefined },
  signal: AbortSignal,
): Promise<AlertsWire> {
  const board = await alertBoard(runtime, signal);
  const found = board.alerts.filter(
    (alert) =>
      (query.state === undefined || alert.state === query.state) &&
      (query.cluster === undefined || alert.cluster === query.cluster || alert.cluster === null),
  );
  const notices = [...board.notices];
  if (found.length > MOST_ALERTS)
    notices.push({
      source: 'prometheus',
      kind: 'partial',
      message: `there are ${found.length.toLocaleString('en-US')} alerts; the first ${MOST_ALERTS.toLocaleString('en-US')} are shown: those that fire, then pending ones.`,
      whatToDo: 'Choose one cluster.',
    });
  return { alerts: found.slice(0, MOST_ALERTS), rules: board.rules.slice(0, MOST_ALERTS).map(ruleWire), notices };
}

/** Every source is asked at once; one that fails becomes a notice. `withStored`: also what is over. Firing first, then pending, then what is over. */
export async function alertBoard(runtime: AlertSources, signal?: AbortSignal, withStored = true): Promise<AlertBoard> {
  const notices: SourceNoticeWire[] = [];
  const orNotice = async <T>(source: string, requested: Promise<T>, instead: T): Promise<T> => {
    try {
      return await requested;
    } catch (error) {
      if (signal?.aborted) throw error;
      notices.push(noticeOf(source, error));
      return instead;
    }
  };
  const since = BigInt(Date.now()) * 1_000_000n - RESOLVED_KEPT_NS;
  const [rules, externalLabels, received, stored] = await Promise.all([
    orNotice('prometheus', liveRules(runtime, signal), null),
    externalLabelsOf(runtime, signal),
    runtime.alertmanager.configured
      ? orNotice('alertmanager', runtime.alertmanager.api('/alerts', signal).then(decodeReceivedAlerts), null)
      : null,
    withStored
      ? orNotice('store', runtime.engine.select(lastAlertTransitions, { since }, signal ? { signal } : {}), [])
      : [],
  ]);
  for (const [source, whole, setAside] of [
    ['prometheus', "Prometheus' rules", rules?.setAside],
    ['alertmanager', "Alertmanager's alerts", received?.setAside],
  ] as const) {
    const message = setAside && setAsideSentence(whole, setAside);
    if (message) notices.push({ source, kind: 'partial', message, whatToDo: null });
  }
  const fromRules = alertsOfRules(rules?.rules ?? [], externalLabels);
  const isUnread = unreadRules(rules);
  const live = joinAlertmanager(fromRules, received?.alerts ?? [], milliseconds(Date.now()));
  const all = addStored(live, stored).map((alert) => ({ alert, since: Number(sinceOf(alert)) }));
  all.sort((a, b) => STATE_ORDER[a.alert.state] - STATE_ORDER[b.alert.state] || b.since - a.since);
  return {
    alerts: all.map(({ alert }) => alert),
    rules: rules?.rules ?? [],
    notices,
    complete: rules !== null,
    mayGoOn: (alert) =>
      alert.sources[0] === 'alertmanager'
        ? runtime.alertmanager.configured && (received === null || received.setAside.count > 0)
        : rules === null || isUnread(alert.name),
  };
}

/** The moment an alert is sorted by. */
export const sinceOf = (alert: AlertWireValue): bigint =>
  BigInt(alert.resolvedAtNs ?? alert.firingSinceNs ?? alert.activeAtNs ?? '0');

/** Whether alerts of a rule of this name could not all be read. Of two rules of one name both have to be whole. */
function unreadRules(decoded: DecodedRules | null): (name: string) => boolean {
  const cut = new Set(decoded?.rules.filter((rule) => !rule.whole).map(({ name }) => name));
  const read = new Set(decoded?.rules.map(({ name }) => name));
  return (name) => cut.has(name) || (decoded?.missing === true && !read.has(name));
}

async function liveRules(runtime: AlertSources, signal?: AbortSignal): Promise<DecodedRules> {
  return decodeRules(await runtime.prometheus.api('/api/v1/rules?type=alert', signal));
}

/** Many Prometheus-compatible servers do not show their configuration; they are taken to add no labels. */
async function externalLabelsOf(runtime: AlertSources, signal?: AbortSignal): Promise<LabelSet> {
  try {
    const { yaml } = ConfigStatus.parse(await runtime.prometheus.api('/api/v1/status/config', signal));
    return GlobalConfig.parse(parse(yaml)).global?.external_labels ?? {};
  } catch {
    return {};
  }
}

export function noticeOf(source: string, error: unknown): SourceNoticeWire {
  const known = error instanceof Error ? error : new Error(String(error));
  const code = 'code' in known ? String(known.code) : '';
  return {
    source,
    kind: code.endsWith('-late') ? 'late' : code.endsWith('-down') ? 'down' : 'refused',
    message: errorSentence(error),
    whatToDo: 'whatToDo' in known && known.whatToDo !== null ? String(known.whatToDo) : null,
  };
}
