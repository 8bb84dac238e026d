/** Which GET requests a share may freeze: those of the routes listed here, in their normal spelling. */
import { alertRoute, alertsRoute } from '../alerts.ts';
import { clusterRoute, clustersRoute, clusterUsageRoute } from '../clusters.ts';
import { collectivesRoute, ranksRoute } from '../collectives.ts';
import { healthRoute } from '../health.ts';
import {
  jobRoute,
  jobsRoute,
  logsRoute,
  ranThenRoute,
  slowNodesRoute,
  taskRoute,
  tasksRoute,
  tasksSummaryRoute,
} from '../jobs.ts';
import { heatmapRoute, oomRoute } from '../memory.ts';
import { phasesRoute, stripsRoute, timelineRoute } from '../timeline.ts';
import {
  timelineFirstPictureRoute,
  timelineLanesRoute,
  timelineSlicesRoute,
  timelineSumsRoute,
} from '../timeline-tile.ts';
import { traceRoute, tracesRoute } from '../traces.ts';

/**
 * Everything that answers GET but shares, for a share of a share could go on for ever, tiles, which are no JSON, and the
 * pieces of large traces.
 */
export const SHAREABLE_ROUTES: readonly { readonly path: string }[] = [
  alertRoute,
  alertsRoute,
  clusterRoute,
  clustersRoute,
  clusterUsageRoute,
  collectivesRoute,
  ranksRoute,
  healthRoute,
  jobRoute,
  jobsRoute,
  logsRoute,
  ranThenRoute,
  slowNodesRoute,
  taskRoute,
  tasksRoute,
  tasksSummaryRoute,
  timelineRoute,
  timelineFirstPictureRoute,
  timelineLanesRoute,
  timelineSlicesRoute,
  timelineSumsRoute,
  phasesRoute,
  stripsRoute,
  heatmapRoute,
  oomRoute,
  traceRoute,
  tracesRoute,
];

/** Parameters in braces match one segment, everything else itself: `/api/%6aobs` is not `/api/jobs`. */
export const pathPattern = (path: string): RegExp =>
  new RegExp(
    `^${path
      .split(/\{(\w+)\}/)
      .map((part, i) => (i % 2 === 0 ? part.replace(/[.*+?^$()|[\]\\]/g, '\\$&') : `(?<${part}>[^/]+)`))
      .join('')}$`,
  );

const PATTERNS = SHAREABLE_ROUTES.map((route) => pathPattern(route.path));

/** Why this request path cannot be part of a share, as a sentence; null where it can. */
export function shareRefusal(path: string): string | null {
  let url: URL;
  try {
    url = new URL(path, 'http://x-ray.invalid');
  } catch {
    return 'expected a request path like /api/jobs?cluster=prod';
  }
  if (url.host !== 'x-ray.invalid' || url.pathname + url.search !== path)
    return `expected a path in its normal spelling, here ${url.pathname}${url.search}`;
  if (PATTERNS.some((pattern) => pattern.test(url.pathname))) return null;
  return url.pathname.startsWith('/api/shares')
    ? 'a share cannot hold shares'
    : `${url.pathname} is not a resource that a share can hold`;
}
