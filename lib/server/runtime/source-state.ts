/** What a source's health line says, kept up to date by its calls: state, since when, last success, last words. */
import type { SourceHealthWire } from '../../contract/health.ts';
import { setOwnValue } from '../../model/own-value.ts';
import { errorSentence } from '../../schema/error-sentence.ts';
import { CLOCK_OFF_S, durationText } from './clock-off.ts';

export interface SourceState {
  readonly succeeded: () => void;
  /** It answered, whatever else is to be said of it. */
  readonly heard: () => void;
  readonly failed: (error: unknown) => void;
  readonly set: (state: SourceHealthWire['state'], reason: string | null, whatToDo: string | null) => void;
  readonly detail: (name: string, value: string | number | boolean) => void;
  /** The source's clock minus this machine's, ms. One that is far off is said, and in `details.clockAheadSeconds`. */
  readonly clock: (aheadMs: number) => void;
  readonly health: () => SourceHealthWire;
}

/** `url` must be without credentials. */
export function createSourceState(
  identity: Pick<SourceHealthWire, 'id' | 'kind' | 'cluster'>,
  url: () => string | null,
  initial: SourceHealthWire['state'] = 'waiting',
): SourceState {
  let state = initial;
  let since = new Date().toISOString();
  let lastSuccess: string | null = null;
  let reason: string | null = null;
  let whatToDo: string | null = null;
  const details: Record<string, string | number | boolean> = {};
  let clockOffSince = since;

  const set: SourceState['set'] = (next, why, advice) => {
    if (next !== state) since = new Date().toISOString();
    state = next;
    reason = why;
    whatToDo = advice;
  };
  const seen = (): void => {
    lastSuccess = new Date().toISOString();
  };
  return {
    set,
    heard: seen,
    succeeded() {
      seen();
      set('up', null, null);
    },
    failed(error) {
      const advice = error instanceof Error && 'whatToDo' in error ? String(error.whatToDo) : null;
      const refused = error instanceof Error && 'code' in error && String(error.code).endsWith('-refused');
      set(refused ? 'degraded' : 'down', errorSentence(error), advice);
    },
    detail(name, value) {
      setOwnValue(details, name, value);
    },
    clock(aheadMs) {
      const seconds = Math.round(aheadMs / 1000);
      if (Math.abs(seconds) <= CLOCK_OFF_S) {
        delete details.clockAheadSeconds;
        return;
      }
      if (details.clockAheadSeconds === undefined) clockOffSince = new Date().toISOString();
      details.clockAheadSeconds = seconds;
    },
    health() {
      const shown = { ...identity, state, since, lastSuccess, reason, whatToDo, url: url(), details: { ...details } };
      const ahead = Number(details.clockAheadSeconds ?? 0);
      if (state !== 'up' || ahead === 0) return shown;
      return {
        ...shown,
        state: 'degraded',
        since: clockOffSince,
        reason: `its clock is ${durationText(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} this machine's`,
        whatToDo: 'Set both clocks by NTP: what it measured may lie outside the windows that are asked for.',
      };
    },
  };
}

/** The address without user, password and query. */
export function publicUrl(url: string): string {
  const parsed = new URL(url);
  return `${parsed.protocol}//${parsed.host}${parsed.pathname.replace(/\/$/, '')}`;
}
