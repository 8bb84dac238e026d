/** Synthetic samples as OpenMetrics, for `promtool tsdb create-blocks-from openmetrics`. */
export interface SyntheticSeries {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Unix seconds and value. */
  readonly samples: readonly (readonly [number, number | string])[];
}

/** One family is one block; a series given twice is joined in the order of time. */
export function openMetrics(series: readonly SyntheticSeries[]): string {
  const families = new Map<string, Map<string, (readonly [number, number | string])[]>>();
  for (const { metric, labels, samples } of series) {
    const family = families.get(metric) ?? new Map<string, (readonly [number, number | string])[]>();
    families.set(metric, family);
    const name = `${metric}{${Object.entries(labels)
      .map(([label, value]) => `${label}=${JSON.stringify(String(value))}`)
      .join(',')}}`;
    family.set(name, [...(family.get(name) ?? []), ...samples]);
  }
  const lines: string[] = [];
  for (const [metric, family] of families) {
    lines.push(`# TYPE ${metric} gauge`);
    for (const [name, samples] of family)
      for (const [time, value] of [...samples].sort((a, b) => a[0] - b[0])) lines.push(`${name} ${value} ${time}`);
  }
  return `${lines.join('\n')}\n# EOF\n`;
}
