/** Writes down every change of an alert, so that one that is over can still be opened. */
import type { AlertWireValue } from '../../contract/alerts.ts';
import { errorMessage } from '../../model/error-message.ts';
import { lastAlertTransitions } from '../../store/queries/alert-transitions.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { storedAlert } from './alert-join.ts';
import { alertBoard } from './alerts.ts';

const EVERY_MS = 15_000;

export interface AlertRecorder {
  /** One look; never rejects. */
  readonly look: () => Promise<void>;
  readonly close: () => void;
}

/** Looks every 15 s. While Prometheus does not answer nothing is said to be over. */
export function startAlertRecorder(
  runtime: Pick<Runtime, 'prometheus' | 'alertmanager' | 'engine' | 'telemetry'>,
): AlertRecorder {
  let known: Map<string, AlertWireValue> | null = null;
  let looking = false;

  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      const board = await alertBoard(runtime, undefined, false);
      if (!board.complete) return;
      known ??= await openInStore(runtime);
      const live = new Map(
        board.alerts
          .filter((alert) => alert.sources[0] !== 'store' && alert.state !== 'resolved')
          .map((alert) => [alert.fingerprint, alert]),
      );
      const now = String(BigInt(Date.now()) * 1_000_000n);
      const rows = [];
      for (const alert of live.values())
        if (known.get(alert.fingerprint)?.state !== alert.state)
          rows.push(
            row(alert, alert.state, (alert.state === 'firing' ? alert.firingSinceNs : alert.activeAtNs) ?? now),
          );
      for (const alert of known.values()) {
        if (live.has(alert.fingerprint)) continue;
        if (board.mayGoOn(alert)) live.set(alert.fingerprint, alert);
        else rows.push(row(alert, 'resolved', now));
      }
      if (rows.length > 0) await runtime.engine.insert('xray.alert_transitions', rows);
      known = live;
    } catch (error) {
      runtime.telemetry.log('warn', 'alert-recorder', {
        reason: errorMessage(error),
      });
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), EVERY_MS);
  timer.unref();
  void look();
  return { look, close: () => clearInterval(timer) };
}

const row = (alert: AlertWireValue, state: string, time: string) => ({
  fingerprint: alert.fingerprint,
  name: alert.name,
  state,
  time_ns: time,
  stored: Math.floor(Date.now() / 1000),
  labels: JSON.stringify(alert.labels),
  annotations: JSON.stringify(alert.annotations),
  value: alert.value,
});

/** Alerts that a former X-Ray last saw pending or firing. */
async function openInStore(runtime: Pick<Runtime, 'engine'>): Promise<Map<string, AlertWireValue>> {
  const rows = await runtime.engine.select(lastAlertTransitions, { since: 0n });
  return new Map(rows.filter((one) => one.state !== 'resolved').map((one) => [one.fingerprint, storedAlert(one)]));
}
