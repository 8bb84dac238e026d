'use client';
/** Alerts and one alert's drill-down. */
import { alertRoute, alertsRoute } from '../../lib/contract/alerts.ts';
import { useApi } from './api-client.ts';

export const useAlerts = (cluster: string | null) =>
  useApi(alertsRoute, cluster ? { cluster } : {}, { refreshMs: 5_000 });
export const useAlert = (fingerprint: string) => useApi(alertRoute, { fingerprint }, { refreshMs: 10_000 });
