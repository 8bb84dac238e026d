/**
 * Alerts of GET /api/v2/alerts (Alertmanager's api/v2/openapi.yaml; Mimir's and Grafana's Alertmanagers answer the same, with nulls
 * where lists are empty). Read one by one: an alert that is none costs itself alone.
 */
import type { LabelSet } from '../../model/series.ts';
import { isObject, labelsOf, listOf, textOf } from '../../schema/outside-value.ts';
import { createSetAside, type SetAside, type SetAsideCounter } from '../../schema/set-aside.ts';
import { ownTurn } from '../http/event-loop-turns.ts';
import { alertFingerprint } from './fingerprint.ts';

export interface ReceivedAlert {
  /** As Alertmanager says it, else of the labels. */
  readonly fingerprint: string;
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  /** When it began to FIRE (activeAt + `for`), RFC 3339. */
  readonly startsAt: string | null;
  /** The end of a resolved alert; only a guess while it fires. */
  readonly endsAt: string | null;
  readonly receivers: readonly string[];
  readonly silencedBy: readonly string[];
  readonly inhibitedBy: readonly string[];
}

/** Takes turns of the event loop; never rejects. `null` is an empty list. */
export async function decodeReceivedAlerts(
  body: unknown,
): Promise<{ readonly alerts: readonly ReceivedAlert[]; readonly setAside: SetAside }> {
  const setAside = createSetAside();
  const list = listOf(body);
  if (list === null) setAside.add(() => 'the answer', 'it is not a list');
  const alerts: ReceivedAlert[] = [];
  for (const [at, item] of (list ?? []).entries()) {
    await ownTurn();
    const alert = decodeAlert(item, () => `alert ${at + 1}`, setAside);
    if (alert !== null) alerts.push(alert);
  }
  return { alerts, setAside };
}

const names = (value: unknown): string[] =>
  (listOf(value) ?? []).flatMap((item) => textOf(isObject(item) ? item.name : item) ?? []);

function decodeAlert(wire: unknown, where: () => string, setAside: SetAsideCounter): ReceivedAlert | null {
  if (!isObject(wire) || !isObject(wire.labels)) {
    setAside.add(where, isObject(wire) ? 'it has no labels' : 'it is not an object');
    return null;
  }
  const labels = labelsOf(wire.labels, where, setAside);
  const status = isObject(wire.status) ? wire.status : {};
  return {
    fingerprint: textOf(wire.fingerprint) || alertFingerprint(labels),
    labels,
    annotations: labelsOf(wire.annotations, where, setAside),
    startsAt: textOf(wire.startsAt),
    endsAt: textOf(wire.endsAt),
    receivers: names(wire.receivers),
    silencedBy: names(status.silencedBy),
    inhibitedBy: names(status.inhibitedBy),
  };
}
