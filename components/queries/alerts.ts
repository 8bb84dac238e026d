'use client';
/** Alerts and one alert's drill-down. */
import { alertAddress, alertsAddress } from '../../lib/contract/requests/addresses.ts';
import { useApi } from './api-client.ts';

export const useAlerts = (cluster: string | null) =>
  useApi(alertsAddress, cluster ? { cluster } : {}, { refreshMs: 5_000 });
export const useAlert = (fingerprint: string) => useApi(alertAddress, { fingerprint }, { refreshMs: 10_000 });
