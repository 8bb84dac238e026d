/** Names of questions to sources, as `missing` says them, in words for people. */

const TEXT: readonly (readonly [RegExp, string])[] = [
  [/^(ray-hosts|ray-resources|ray-gpus|dcgm-gpus)/, 'use of nodes and GPUs'],
  [/^(rules|external-labels)$/, 'alerts and rules'],
  [/^alertmanager-alerts$/, 'silences and receivers'],
  [/^alert-/, "the alert's history"],
  [/^memory-/, 'memory over time'],
  [/^oom-counter$/, 'the counter of kills'],
  [/^(collective|gpu-identity|slow-ports|full-rates|lossy-ports)/, 'gauges of collectives'],
  [/-log$/, 'the log'],
  [/^placement-groups$/, 'placement groups'],
  [/^(cluster|usage|node)-/, 'use over time'],
];

/** Each in words once, in their order; a question that has no words is named. */
export function questionText(names: Iterable<string>): string {
  const message = new Set<string>();
  for (const name of names) message.add(TEXT.find(([pattern]) => pattern.test(name))?.[1] ?? name);
  return [...message].join(', ');
}
