/** Alerts of Prometheus, Alertmanager and the store made one list by fingerprint. Nothing here asks a source. */
import type { AlertWireValue, RuleWireValue } from '../../contract/alerts.ts';
import type { LabelSet } from '../../model/series.ts';
import { type Milliseconds, milliseconds, millisecondsToNanoseconds } from '../../model/units.ts';
import type { ReceivedAlert } from '../../sources/alertmanager/decode-alerts.ts';
import { alertFingerprint } from '../../sources/alertmanager/fingerprint.ts';
import { timestampOf } from '../../sources/prometheus/decode.ts';
import type { PrometheusRule } from '../../sources/prometheus/decode-rules.ts';
import { clusterLabel } from '../../sources/prometheus/target-labels.ts';
import type { AlertTransitionRow } from '../../store/queries/alert-transitions.ts';

const nsText = (time: Milliseconds | null): string | null =>
  time === null ? null : String(millisecondsToNanoseconds(time));

/** Prometheus adds its external labels only when it sends an alert on; the fingerprint is of the labels as sent. */
export function alertsOfRules(rules: readonly PrometheusRule[], externalLabels: LabelSet): AlertWireValue[] {
  return rules.flatMap((rule) =>
    rule.alerts.map((alert): AlertWireValue => {
      const labels = { ...externalLabels, ...alert.labels };
      const firingSince =
        alert.state === 'firing' && alert.activeAt !== null
          ? milliseconds(alert.activeAt + rule.forSeconds * 1000)
          : null;
      return {
        fingerprint: alertFingerprint(labels),
        name: alert.labels.alertname ?? rule.name,
        state: alert.state,
        severity: labels.severity ?? null,
        labels,
        annotations: alert.annotations,
        activeAtNs: nsText(alert.activeAt),
        firingSinceNs: nsText(firingSince),
        resolvedAtNs: null,
        value: alert.value,
        silenced: false,
        inhibited: false,
        receivers: [],
        cluster: clusterLabel(labels),
        sources: ['prometheus'],
      };
    }),
  );
}

/** Silences, inhibitions and receivers join by fingerprint; what only Alertmanager knows is added. */
export function joinAlertmanager(
  alerts: readonly AlertWireValue[],
  received: readonly ReceivedAlert[],
  now: Milliseconds,
): AlertWireValue[] {
  const joined = new Map(alerts.map((alert) => [alert.fingerprint, alert]));
  for (const one of received) {
    const muted = {
      silenced: one.silencedBy.length > 0,
      inhibited: one.inhibitedBy.length > 0,
      receivers: [...one.receivers],
    };
    const starts = timestampOf(one.startsAt);
    const ends = timestampOf(one.endsAt);
    const known = joined.get(one.fingerprint);
    if (known) {
      joined.set(one.fingerprint, {
        ...known,
        ...muted,
        firingSinceNs: nsText(starts) ?? known.firingSinceNs,
        sources: [...new Set([...known.sources, 'alertmanager'])],
      });
      continue;
    }
    const over = ends !== null && ends <= now;
    joined.set(one.fingerprint, {
      fingerprint: one.fingerprint,
      name: one.labels.alertname ?? '',
      state: over ? 'resolved' : 'firing',
      severity: one.labels.severity ?? null,
      labels: one.labels,
      annotations: one.annotations,
      activeAtNs: null,
      firingSinceNs: nsText(starts),
      resolvedAtNs: over ? nsText(ends) : null,
      value: null,
      ...muted,
      cluster: clusterLabel(one.labels),
      sources: ['alertmanager'],
    });
  }
  return [...joined.values()];
}

/** Alerts that are over, from the stored changes; one that a live source still shows is left to it. */
export function addStored(alerts: readonly AlertWireValue[], rows: readonly AlertTransitionRow[]): AlertWireValue[] {
  const live = new Set(alerts.map((alert) => alert.fingerprint));
  return [...alerts, ...rows.filter((row) => !live.has(row.fingerprint)).map(storedAlert)];
}

export function storedAlert(row: AlertTransitionRow): AlertWireValue {
  const labels = textMap(row.labels);
  return {
    fingerprint: row.fingerprint,
    name: row.name,
    state: row.state,
    severity: labels.severity ?? null,
    labels,
    annotations: textMap(row.annotations),
    activeAtNs: row.state === 'pending' ? row.time_ns : null,
    firingSinceNs: row.state === 'firing' ? row.time_ns : null,
    resolvedAtNs: row.state === 'resolved' ? row.time_ns : null,
    value: row.value,
    silenced: false,
    inhibited: false,
    receivers: [],
    cluster: clusterLabel(labels),
    sources: ['store'],
  };
}

const textMap = (json: string): Record<string, string> => JSON.parse(json || '{}') as Record<string, string>;

export function ruleWire(rule: PrometheusRule): RuleWireValue {
  const { name, group, file, query, forSeconds, keepFiringForSeconds, state, health, lastError, lastEvaluation } = rule;
  return { name, group, file, query, forSeconds, keepFiringForSeconds, state, health, lastError, lastEvaluation };
}
