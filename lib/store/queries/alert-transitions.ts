/** Stored changes of alerts. */
import { z } from 'zod';
import type { Query } from '../engine.ts';

const Row = z.object({
  fingerprint: z.string(),
  name: z.string(),
  state: z.enum(['pending', 'firing', 'resolved']),
  time_ns: z.string(),
  labels: z.string(),
  annotations: z.string(),
  value: z.number().nullable(),
});
export type AlertTransitionRow = z.infer<typeof Row>;

/** The last change of every alert since {since:Int64} ns. */
export const lastAlertTransitions: Query<AlertTransitionRow> = {
  name: 'last-alert-transitions',
  sql: `SELECT fingerprint, name, state, toString(time_ns) AS time_ns, labels, annotations, value
    FROM xray.alert_transitions FINAL WHERE alert_transitions.time_ns >= {since:Int64}
    ORDER BY alert_transitions.time_ns DESC, state ASC LIMIT 1 BY fingerprint`,
  row: Row,
};

/** Every change of one alert, oldest first. */
export const alertTransitions: Query<AlertTransitionRow> = {
  name: 'alert-transitions',
  sql: `SELECT fingerprint, name, state, toString(time_ns) AS time_ns, labels, annotations, value
    FROM xray.alert_transitions FINAL WHERE fingerprint = {fingerprint:String}
    ORDER BY alert_transitions.time_ns ASC, state DESC LIMIT 10000`,
  row: Row,
};
