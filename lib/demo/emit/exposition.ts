/** Prometheus text (format 0.0.4) and OpenMetrics text of simulated measurements. */
import { ownValue } from '../../model/own-value.ts';

export type MetricType = 'gauge' | 'counter' | 'untyped';
/** Adds a sample; a gauge where no type is given. */
export type Add = (
  name: string,
  help: string,
  labels: Record<string, string>,
  value: number,
  type?: MetricType,
) => void;

export interface Sample {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const ESCAPED = /["\\\n]/;
const escapeLabel = (text: string): string =>
  ESCAPED.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : text;

/** `{a="b",c="d"}` in the order given; '' for no labels. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  let pairs = '';
  for (const name in labels)
    pairs += `${pairs === '' ? '' : ','}${name}="${escapeLabel(ownValue(labels, name) ?? '')}"`;
  return pairs === '' ? '' : `{${pairs}}`;
}

const number = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));

/** Text that a scrape answers: families in order of first appearance, HELP and TYPE unless untyped. */
export function prometheusText(samples: readonly Sample[]): string {
  const families = new Map<string, string[]>();
  for (const sample of samples) {
    let lines = families.get(sample.name);
    if (!lines) {
      lines =
        sample.type === 'untyped'
          ? []
          : [`# HELP ${sample.name} ${sample.help}`, `# TYPE ${sample.name} ${sample.type}`];
      families.set(sample.name, lines);
    }
    lines.push(`${sample.name}${labelText(sample.labels)} ${number(sample.value)}`);
  }
  return [...families.values()].map((lines) => `${lines.join('\n')}\n`).join('');
}

/** Ends a file of scrapes (OpenMetrics). */
export const END = '# EOF\n';

/**
 * One scrape of a target as lines for `promtool tsdb create-blocks-from openmetrics`, which takes series in any order as long as the
 * times of each ascend. `time` is Unix ms; `target` labels are added to each. No types: blocks keep none.
 */
export function scrapeLines(
  samples: readonly Sample[],
  target: Readonly<Record<string, string>>,
  time: number,
): string {
  const seconds = time / 1000;
  const suffix = labelText(target).slice(1);
  let lines = '';
  for (const sample of samples) {
    const own = labelText(sample.labels);
    lines += `${sample.name}${own === '' ? '{' : `${own.slice(0, -1)},`}${suffix} ${number(sample.value)} ${seconds}\n`;
  }
  return lines;
}
