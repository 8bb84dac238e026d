'use client';
/** How an alert's state, age and value read, everywhere the same. */
import type { AlertWireValue } from '../../lib/contract/alerts.ts';
import { StatusPill, type Tone } from '../ui/status-pill.tsx';

const TONES: Readonly<Record<AlertWireValue['state'], Tone>> = { firing: 'bad', pending: 'warn', resolved: 'quiet' };

export function AlertState({ alert }: { alert: AlertWireValue }) {
  const muted = [alert.silenced ? 'silenced' : null, alert.inhibited ? 'inhibited' : null].filter(Boolean).join(', ');
  return <StatusPill tone={TONES[alert.state]}>{muted ? `${alert.state}, ${muted}` : alert.state}</StatusPill>;
}

export const alertHref = (alert: AlertWireValue): string => `/alerts/${alert.fingerprint}`;
export const alertSummary = (alert: AlertWireValue): string =>
  alert.annotations.summary ?? alert.annotations.description ?? '';
/** When its present state began, ns as text. */
export const alertSince = (alert: AlertWireValue): string | null =>
  alert.resolvedAtNs ?? alert.firingSinceNs ?? alert.activeAtNs;
export const formatValue = (value: number | null): string =>
  value === null ? '–' : Math.abs(value) >= 1000 ? value.toLocaleString('en-US') : String(Number(value.toPrecision(4)));
