/** Prometheus text (format 0.0.4) and OpenMetrics text of simulated measurements. */

export type MetricType = 'gauge' | 'counter' | 'untyped';

export interface Sample {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** `{a="b",c="d"}` in the order given; '' for no labels. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
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

/** Collects samples over time and writes them grouped by family and series, as `promtool tsdb create-blocks-from openmetrics` needs. */
export class History {
  readonly #families = new Map<string, Map<string, string[]>>();
  #count = 0;

  /** Adds samples of one scrape; `time` is Unix ms and must not go backwards. `target` labels are added to each. */
  add(samples: readonly Sample[], target: Readonly<Record<string, string>>, time: number): void {
    const seconds = time / 1000;
    const suffix = labelText(target).slice(1);
    for (const sample of samples) {
      const series = this.#families.get(sample.name) ?? new Map<string, string[]>();
      this.#families.set(sample.name, series);
      const own = labelText(sample.labels);
      const key = own === '' ? `{${suffix}` : `${own.slice(0, -1)},${suffix}`;
      const lines = series.get(key) ?? [];
      series.set(key, lines);
      lines.push(` ${number(sample.value)} ${seconds}`);
      this.#count += 1;
    }
  }

  get count(): number {
    return this.#count;
  }

  get seriesCount(): number {
    let total = 0;
    for (const series of this.#families.values()) total += series.size;
    return total;
  }

  /** OpenMetrics text in pieces (one per series); the last is the end mark. Types are `unknown`, because the block format keeps none. */
  *text(): Generator<string> {
    for (const [name, series] of this.#families) {
      yield `# TYPE ${name} unknown\n`;
      for (const [labels, lines] of series) yield lines.map((line) => `${name}${labels}${line}\n`).join('');
    }
    yield '# EOF\n';
  }
}
