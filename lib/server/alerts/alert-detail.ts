/** Use case of GET /api/alerts/{fingerprint}: the value against its threshold, when, where, and what fired beside it. */
import type { AlertDetailWire, AlertWireValue } from '../../contract/alerts.ts';
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import { ownValue } from '../../model/own-value.ts';
import type { LabelSet, SeriesGrid } from '../../model/series.ts';
import { type Milliseconds, milliseconds, nanoseconds, nanosecondsToMilliseconds } from '../../model/units.ts';
import { alertTransitions } from '../../store/queries/alert-transitions.ts';
import { ProblemError } from '../http/problem.ts';
import { splitComparison } from '../prometheus/promql-comparison.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { entitiesOf, resolveEntities } from './alert-entities.ts';
import { ruleWire, storedAlert } from './alert-join.ts';
import { alertBoard, noticeOf, sinceOf } from './alerts.ts';

const BEFORE_MS = 30 * 60_000;
const SIBLING_NS = 600_000_000_000n;
const POINTS = 600;
/** Of one answer. */
const MOST_SERIES = 200;
const MOST_INTERVALS = 5_000;

/** Throws ProblemError `not-found` for a fingerprint nothing knows. */
export async function alert(
  runtime: Runtime,
  query: { fingerprint: string },
  signal: AbortSignal,
): Promise<AlertDetailWire> {
  const [board, changes] = await Promise.all([
    alertBoard(runtime, signal),
    runtime.engine.select(alertTransitions, { fingerprint: query.fingerprint }, { signal }).catch(() => []),
  ]);
  const newest = changes.at(-1);
  const shown =
    board.alerts.find((one) => one.fingerprint === query.fingerprint) ?? (newest ? storedAlert(newest) : null);
  if (!shown)
    throw new ProblemError(
      'not-found',
      `no alert has the fingerprint "${query.fingerprint}"; /api/alerts lists the alerts of the last 24 hours`,
    );
  const last = (state: string) => changes.findLast((one) => one.state === state)?.time_ns ?? null;
  const found: AlertWireValue = {
    ...shown,
    activeAtNs: shown.activeAtNs ?? last('pending') ?? last('firing'),
    firingSinceNs: shown.firingSinceNs ?? last('firing'),
  };
  const notices: SourceNoticeWire[] = [...board.notices];
  const began = timestampMs(found.activeAtNs ?? found.firingSinceNs ?? found.resolvedAtNs) ?? milliseconds(Date.now());
  const from = milliseconds(began - BEFORE_MS);
  const to = timestampMs(found.resolvedAtNs) ?? milliseconds(Date.now());
  const step = milliseconds(Math.max(5_000, Math.ceil((to - from) / POINTS / 1000) * 1000));
  const rule = board.rules.find((one) => one.name === found.name) ?? null;

  const ask = async (name: string, promql: string): Promise<SeriesGrid | null> => {
    try {
      const answer = await runtime.prometheus.range({ name, promql, from, to, step }, signal);
      for (const warning of answer.warnings)
        notices.push({ source: 'prometheus', kind: 'partial', message: warning, whatToDo: null });
      return answer.data;
    } catch (error) {
      if (signal.aborted) throw error;
      notices.push(noticeOf('prometheus', error));
      return null;
    }
  };
  const comparison = rule ? splitComparison(rule.query) : null;
  const [grid, states] = await Promise.all([
    comparison ? ask('alert-expression', comparison.expression) : null,
    ask('alert-history', `ALERTS{alertname=${JSON.stringify(found.name)}}`),
  ]);
  const window = { fromNs: BigInt(nsOf(from)), toNs: BigInt(nsOf(to)) };
  const entities = await resolveEntities(runtime, found.labels, window).catch(() => entitiesOf(found.labels));
  const measured = states ? intervals(states, found.labels) : [];
  return {
    alert: found,
    rule: rule ? ruleWire(rule) : null,
    evaluation: comparison && grid ? { ...comparison, grid: gridWire(grid, found.labels) } : null,
    history: measured.length > 0 ? measured : storedIntervals(changes),
    entities,
    fromNs: nsOf(from),
    toNs: nsOf(to),
    siblings: board.alerts
      .filter((one) => one.fingerprint !== found.fingerprint && near(one, found))
      .slice(0, MOST_SERIES),
    notices,
  };
}

const nsOf = (time: number): string => String(BigInt(Math.floor(time)) * 1_000_000n);
const timestampMs = (ns: string | null): Milliseconds | null =>
  ns === null ? null : nanosecondsToMilliseconds(nanoseconds(BigInt(ns)));
const near = (one: AlertWireValue, other: AlertWireValue): boolean => {
  const apart = sinceOf(one) - sinceOf(other);
  return apart <= SIBLING_NS && -apart <= SIBLING_NS;
};

/** A series is the alert's where its labels are all among those of the alert. */
function belongs(series: LabelSet, alertLabels: LabelSet): boolean {
  return Object.entries(series).every(
    ([name, value]) => name === '__name__' || name === 'alertstate' || ownValue(alertLabels, name) === value,
  );
}

function gridWire(grid: SeriesGrid, labels: LabelSet) {
  const own = grid.series.filter((series) => belongs(series.labels, labels));
  return {
    startMs: grid.start as number,
    stepMs: grid.step as number,
    count: grid.count,
    series: (own.length > 0 ? own.slice(0, MOST_SERIES) : grid.series.slice(0, 20)).map((series) => ({
      labels: { ...series.labels },
      values: series.values.map((value) => (value !== null && Number.isFinite(value) ? value : null)),
    })),
  };
}

/** Runs of points of the ALERTS series; a run that reaches the end of the window is still going on. */
export function intervals(grid: SeriesGrid, labels: LabelSet): AlertDetailWire['history'] {
  const history: AlertDetailWire['history'] = [];
  for (const series of grid.series) {
    if (history.length >= MOST_INTERVALS) break;
    if (!belongs(series.labels, labels)) continue;
    const state = series.labels.alertstate ?? 'firing';
    let start: number | null = null;
    for (let i = 0; i <= grid.count; i++) {
      const there = i < grid.count && series.values[i] != null;
      if (there && start === null) start = i;
      if (there || start === null) continue;
      history.push({
        state,
        fromNs: nsOf(grid.start + start * grid.step),
        toNs: i === grid.count ? null : nsOf(grid.start + i * grid.step),
      });
      start = null;
    }
  }
  return history.sort((a, b) => (BigInt(a.fromNs) < BigInt(b.fromNs) ? -1 : 1));
}

function storedIntervals(changes: readonly { state: string; time_ns: string }[]): AlertDetailWire['history'] {
  return changes.flatMap((change, i) =>
    change.state === 'resolved'
      ? []
      : [{ state: change.state, fromNs: change.time_ns, toNs: changes[i + 1]?.time_ns ?? null }],
  );
}
