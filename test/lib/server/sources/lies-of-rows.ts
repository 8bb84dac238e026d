/**
 * Modes of the liar that answer in form, with more rows, labels or text than anybody has. The engine keeps memory of them, so Prometheus'
 * and Ray's each have a process of their own.
 */
export const SERIES: ReadonlySet<string> = new Set([
  'not-numbers',
  'duplicates',
  'many-series',
  'many-sessions',
  'many-labels',
]);
export const ROWS: ReadonlySet<string> = new Set([
  'tasks-1m',
  'tasks-300k',
  'oom-reports',
  'jobs',
  'nodes',
  'actors',
  'placement-groups',
]);
