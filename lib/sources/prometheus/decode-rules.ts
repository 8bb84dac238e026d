/**
 * Alerting rules of GET /api/v1/rules, as Prometheus, Thanos, Mimir, Cortex, vmalert and Grafana's Prometheus-compatible API answer
 * it (web/api/v1/api.go, pkg/rules/rulespb, app/vmalert/web_types.go, pkg/services/ngalert/api/api_prometheus.go). Groups, rules and
 * alerts are read one by one: what cannot be read costs itself alone.
 *
 *   groups: null, rules: null, alerts: null         none (Go's nil slices; VictoriaMetrics#4221)
 *   labels, annotations: null or absent             none (grafana#45890)
 *   value: "", 1, "1e+00"                           a number where it is one (grafana#46095)
 *   duration: 60, "60", "1m0s"; `for`               seconds
 *   alerting_rules, recording_rules, expression     vmalert before 1.75
 *   state: "Alerting (NoData)", "Normal", "FIRING"  Grafana, Thanos
 */
import type { LabelSet } from '../../model/series.ts';
import type { Milliseconds } from '../../model/units.ts';
import { quotedShort } from '../../schema/issue-sentence.ts';
import { isObject, labelsOf, listOf, textOf } from '../../schema/outside-value.ts';
import { createSetAside, type SetAside, type SetAsideCounter } from '../../schema/set-aside.ts';
import { ownTurn } from '../http/event-loop-turns.ts';
import { sampleValue, timestampOf } from './decode.ts';

export interface PrometheusAlert {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly state: 'pending' | 'firing';
  /** When the condition became true, Unix ms; null where Prometheus does not say. */
  readonly activeAt: Milliseconds | null;
  readonly value: number | null;
}
export interface PrometheusRule {
  readonly name: string;
  readonly group: string;
  readonly file: string | null;
  readonly query: string;
  readonly forSeconds: number;
  readonly keepFiringForSeconds: number;
  readonly state: string;
  /** `unknown` where the server does not say. */
  readonly health: string;
  readonly lastError: string | null;
  readonly lastEvaluation: string | null;
  readonly labels: LabelSet;
  readonly alerts: readonly PrometheusAlert[];
  /** Every alert of it was read: one that is not among them is over. */
  readonly whole: boolean;
}
export interface DecodedRules {
  readonly rules: readonly PrometheusRule[];
  /** A group or a rule could not be read at all: alerts of rules that are not here may fire. */
  readonly missing: boolean;
  readonly setAside: SetAside;
}

/** Recording rules are left out. Takes turns of the event loop; never rejects. */
export async function decodeRules(data: unknown): Promise<DecodedRules> {
  const setAside = createSetAside();
  const rules: PrometheusRule[] = [];
  let missing = false;
  const groups = Array.isArray(data) ? data : isObject(data) ? listOf(data.groups) : data === null ? [] : null;
  if (groups === null || (isObject(data) && data.groups === undefined)) {
    missing = true;
    setAside.add(() => 'the list of groups', 'there is none');
  }
  for (const [at, group] of (groups ?? []).entries()) {
    if (!isObject(group)) {
      missing = true;
      setAside.add(() => `group ${at + 1}`, 'it is not an object');
      continue;
    }
    const named = textOf(group.name);
    const inGroup = { name: named ?? '', file: textOf(group.file) || null };
    const groupText = () => (named ? `group ${quotedShort(named)}` : `group ${at + 1}`);
    const lists = [group.rules, group.alerting_rules].map(listOf);
    if (lists.includes(null)) {
      missing = true;
      setAside.add(groupText, 'its rules are not a list');
    }
    let position = 0;
    for (const wire of lists.flatMap((list) => list ?? [])) {
      position += 1;
      const here = position;
      const before = setAside.count;
      const rule = await decodeRule(wire, inGroup, () => `rule ${here} of ${groupText()}`, setAside);
      if (rule !== null) rules.push(rule);
      else if (setAside.count > before) missing = true;
    }
  }
  return { rules, missing, setAside };
}

type Group = { readonly name: string; readonly file: string | null };

/** Null for a recording rule and for what is no rule. */
async function decodeRule(
  wire: unknown,
  group: Group,
  position: () => string,
  setAside: SetAsideCounter,
): Promise<PrometheusRule | null> {
  await ownTurn();
  if (!isObject(wire)) {
    setAside.add(position, 'it is not an object');
    return null;
  }
  const type = textOf(wire.type)?.toLowerCase();
  if (type === 'recording' || (type === undefined && textOf(wire.record))) return null;
  const name = textOf(wire.name) || textOf(wire.alert);
  if (!name) {
    setAside.add(position, 'it has no name');
    return null;
  }
  if (type !== undefined && type !== 'alerting') {
    setAside.add(position, `its type is ${quotedShort(wire.type)}`);
    return null;
  }
  const where = () => `${position()}, ${quotedShort(name)}`;
  const labels = labelsOf(wire.labels, where, setAside);
  const state = (textOf(wire.state) ?? 'unknown').toLowerCase();
  const listed = listOf(wire.alerts);
  const alerts: PrometheusAlert[] = [];
  let whole = true;
  if (listed === null) {
    whole = false;
    setAside.add(where, 'its alerts are not a list');
  } else if (state === 'firing' && (wire.alerts === null || wire.alerts === undefined)) {
    whole = false;
    setAside.add(where, 'it fires, but its alerts are not in the answer');
  }
  for (const [at, item] of (listed ?? []).entries()) {
    await ownTurn();
    const before = setAside.count;
    const alert = decodeAlert(item, () => `alert ${at + 1} of ${where()}`, setAside);
    if (alert !== null) alerts.push(alert);
    // One at rest is over; one that could not be read may fire.
    else if (setAside.count > before) whole = false;
  }
  return {
    name,
    group: group.name,
    file: group.file,
    query: textOf(wire.query) ?? textOf(wire.expression) ?? textOf(wire.expr) ?? '',
    forSeconds: secondsOf(wire.duration ?? wire.for),
    keepFiringForSeconds: secondsOf(wire.keepFiringFor ?? wire.keep_firing_for),
    state,
    health: textOf(wire.health) || 'unknown',
    lastError: textOf(wire.lastError) || textOf(wire.last_error) || null,
    lastEvaluation: textOf(wire.lastEvaluation) || textOf(wire.last_exec) || null,
    labels,
    alerts,
    whole,
  };
}

/** States in which an alert is not active; Grafana tells `NoData` and `Error` by the health of the rule. */
const AT_REST = new Set(['inactive', 'normal', 'ok', 'nodata', 'error', 'unknown']);

function decodeAlert(wire: unknown, where: () => string, setAside: SetAsideCounter): PrometheusAlert | null {
  if (!isObject(wire)) {
    setAside.add(where, 'it is not an object');
    return null;
  }
  // Grafana adds why: "Alerting (NoData)".
  const reported = (textOf(wire.state) ?? '').toLowerCase().replace(/ \(.*$/, '');
  const state =
    reported === 'pending' ? 'pending' : ['firing', 'alerting', 'recovering'].includes(reported) ? 'firing' : null;
  if (state === null) {
    if (!AT_REST.has(reported)) setAside.add(where, `its state is ${quotedShort(wire.state ?? null)}`);
    return null;
  }
  return {
    labels: labelsOf(wire.labels, where, setAside),
    annotations: labelsOf(wire.annotations, where, setAside),
    state,
    activeAt: timestampOf(textOf(wire.activeAt)),
    value: sampleValue(textOf(wire.value) ?? ''),
  };
}

const UNIT_SECONDS: ReadonlyMap<string, number> = new Map([
  ['ms', 0.001],
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
  ['w', 604_800],
  ['y', 31_536_000],
]);

/** A number of seconds, or a duration as Prometheus and Go spell it (`1h30m`, `1m0s`); 0 for anything else. */
function secondsOf(value: unknown): number {
  const text = textOf(value) ?? '';
  const plain = Number(text);
  if (text !== '' && Number.isFinite(plain)) return Math.max(0, plain);
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdwy]))+$/.test(text.slice(0, 64)) || text.length > 64) return 0;
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwy])/g))
    seconds += Number(count) * (UNIT_SECONDS.get(unit ?? '') ?? 0);
  return seconds;
}
