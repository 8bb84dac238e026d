/** Alerts of Prometheus and Alertmanager, and one alert's drill-down. */
import { z } from 'zod';
import { byKey } from '../schema/by-key.ts';
import { Name, PathName } from './parameters.ts';
import { alertAddress, alertsAddress } from './requests/addresses.ts';
import { defineRoute } from './route.ts';
import { NsText, SeriesGridWire, SourceNotice } from './wire-values.ts';

export const AlertWire = z.object({
  /** Alertmanager's fingerprint (FNV-1a 64 of the sorted labels, 16 hex digits). */
  fingerprint: z.string(),
  name: z.string(),
  state: z.enum(['pending', 'firing', 'resolved']),
  severity: z.string().nullable(),
  labels: byKey(z.string()),
  annotations: byKey(z.string()),
  /** Condition first true (Prometheus activeAt). */
  activeAtNs: NsText.nullable(),
  /** Began to fire: activeAt + `for` (Alertmanager startsAt). */
  firingSinceNs: NsText.nullable(),
  resolvedAtNs: NsText.nullable(),
  value: z.number().nullable(),
  silenced: z.boolean(),
  inhibited: z.boolean(),
  receivers: z.array(z.string()),
  cluster: z.string().nullable(),
  sources: z.array(z.string()),
});
export type AlertWireValue = z.infer<typeof AlertWire>;

export const RuleWire = z.object({
  name: z.string(),
  group: z.string(),
  file: z.string().nullable(),
  query: z.string(),
  forSeconds: z.number(),
  keepFiringForSeconds: z.number(),
  state: z.string(),
  /** `err`: the rule cannot be evaluated; its silence means nothing. */
  health: z.string(),
  lastError: z.string().nullable(),
  lastEvaluation: z.string().nullable(),
});
export type RuleWireValue = z.infer<typeof RuleWire>;

export const AlertsResponse = z.object({
  alerts: z.array(AlertWire),
  rules: z.array(RuleWire),
  notices: z.array(SourceNotice),
});
export type AlertsWire = z.infer<typeof AlertsResponse>;
export const alertsRoute = defineRoute(alertsAddress, {
  query: z.strictObject({
    cluster: Name.optional(),
    state: z.enum(['pending', 'firing', 'resolved']).optional(),
  }),
  response: AlertsResponse,
});

export const AlertResponse = z.object({
  alert: AlertWire,
  rule: RuleWire.nullable(),
  /** The expression without its comparison, over time, and what it is compared with. */
  evaluation: z
    .object({
      expression: z.string(),
      threshold: z.number().nullable(),
      comparison: z.string().nullable(),
      grid: SeriesGridWire,
    })
    .nullable(),
  /** When it was pending and firing (ALERTS series and stored transitions). */
  history: z.array(z.object({ state: z.string(), fromNs: NsText, toNs: NsText.nullable() })),
  entities: z.object({
    cluster: z.string().nullable(),
    session: z.string().nullable(),
    nodeId: z.string().nullable(),
    nodeIp: z.string().nullable(),
    nodeName: z.string().nullable(),
    gpu: z.string().nullable(),
    rank: z.string().nullable(),
    workerId: z.string().nullable(),
    jobId: z.string().nullable(),
    function: z.string().nullable(),
  }),
  /** The window of the page: activeAt - 30 min to now or the end. */
  fromNs: NsText,
  toNs: NsText,
  siblings: z.array(AlertWire),
  notices: z.array(SourceNotice),
});
export type AlertDetailWire = z.infer<typeof AlertResponse>;
export const alertRoute = defineRoute(alertAddress, {
  query: z.strictObject({ fingerprint: PathName }),
  response: AlertResponse,
});
