/** The route of a path with its ids taken out, for metrics and traces: a bounded set of labels. */

const COLLECTIONS = new Set(['clusters', 'jobs', 'tasks', 'traces', 'alerts', 'shares', 's']);
/** Children of a collection that are no ids. */
const FIXED = new Set(['summary', 'ranks', 'heatmap', 'oom', 'usage', 'strips', 'timeline', 'logs']);
const KNOWN =
  /^(\/|\/(api|v1)(\/[a-z]+|\/\{id\}){1,5}|\/(jobs|clusters|traces|alerts|memory|collectives|sources|shares|s|metrics|signin|signout)(\/[a-z]+|\/\{id\}){0,3})$/;

/** `/api/jobs/01000000/tasks/ab12` is `/api/jobs/{id}/tasks/{id}`; anything X-Ray does not serve is `other`. */
export function routeLabel(path: string): string {
  if (path.startsWith('/_next/')) return '/_next';
  const parts = path.split('/').filter((part) => part !== '');
  const label = `/${parts
    .map((part, i) => (i > 0 && COLLECTIONS.has(parts[i - 1] ?? '') && !FIXED.has(part) ? '{id}' : part))
    .join('/')}`;
  return KNOWN.test(label) ? label : 'other';
}
