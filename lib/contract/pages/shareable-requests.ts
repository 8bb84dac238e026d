/** Which GET requests a share may freeze: those of the routes listed here, in their normal spelling. */
import {
  alertAddress,
  alertsAddress,
  clusterAddress,
  clustersAddress,
  clusterUsageAddress,
  collectivesAddress,
  healthAddress,
  heatmapAddress,
  jobAddress,
  jobsAddress,
  logsAddress,
  oomAddress,
  phasesAddress,
  type RouteAddress,
  ranksAddress,
  ranThenAddress,
  slowNodesAddress,
  stripsAddress,
  taskAddress,
  tasksAddress,
  tasksSummaryAddress,
  timelineAddress,
  timelineFirstPictureAddress,
  timelineLanesAddress,
  timelineSlicesAddress,
  timelineSumsAddress,
  traceAddress,
  tracesAddress,
} from '../requests/addresses.ts';
import { pathPattern } from '../requests/path-pattern.ts';

/** Most requests one share may hold. */
export const SHARE_REQUESTS_MAX = 64;

/**
 * Everything that answers GET but shares, for a share of a share could go on for ever, tiles, which are no JSON, and the
 * pieces of large traces.
 */
export const SHAREABLE_ROUTES: readonly RouteAddress[] = [
  alertAddress,
  alertsAddress,
  clusterAddress,
  clustersAddress,
  clusterUsageAddress,
  collectivesAddress,
  ranksAddress,
  healthAddress,
  jobAddress,
  jobsAddress,
  logsAddress,
  ranThenAddress,
  slowNodesAddress,
  taskAddress,
  tasksAddress,
  tasksSummaryAddress,
  timelineAddress,
  timelineFirstPictureAddress,
  timelineLanesAddress,
  timelineSlicesAddress,
  timelineSumsAddress,
  phasesAddress,
  stripsAddress,
  heatmapAddress,
  oomAddress,
  traceAddress,
  tracesAddress,
];

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
