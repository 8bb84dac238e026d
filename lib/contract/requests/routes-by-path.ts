/** The contract of every route that pages ask, by its path: types only, so that a hook knows what an address takes and answers. */
import type { z } from 'zod';
import type { alertRoute, alertsRoute } from '../alerts.ts';
import type { clusterRoute, clustersRoute, clusterUsageRoute } from '../clusters.ts';
import type { collectivesRoute, ranksRoute } from '../collectives.ts';
import type { healthRoute } from '../health.ts';
import type {
  jobRoute,
  jobsRoute,
  logsRoute,
  ranThenRoute,
  slowNodesRoute,
  taskRoute,
  tasksRoute,
  tasksSummaryRoute,
} from '../jobs.ts';
import type { heatmapRoute, oomRoute } from '../memory.ts';
import type { shareRoute, sharesRoute } from '../shares.ts';
import type { phasesRoute, stripsRoute, timelineRoute } from '../timeline.ts';
import type {
  timelineFirstPictureRoute,
  timelineLanesRoute,
  timelineSlicesRoute,
  timelineSumsRoute,
  timelineTileRoute,
} from '../timeline-tile.ts';
import type {
  spanRoute,
  traceColumnsRoute,
  traceFoundRoute,
  traceRoute,
  traceSizeRoute,
  tracesRoute,
} from '../traces.ts';

type Routes =
  | typeof alertRoute
  | typeof alertsRoute
  | typeof clusterRoute
  | typeof clustersRoute
  | typeof clusterUsageRoute
  | typeof collectivesRoute
  | typeof ranksRoute
  | typeof healthRoute
  | typeof jobRoute
  | typeof jobsRoute
  | typeof logsRoute
  | typeof ranThenRoute
  | typeof slowNodesRoute
  | typeof taskRoute
  | typeof tasksRoute
  | typeof tasksSummaryRoute
  | typeof heatmapRoute
  | typeof oomRoute
  | typeof shareRoute
  | typeof sharesRoute
  | typeof phasesRoute
  | typeof stripsRoute
  | typeof timelineRoute
  | typeof timelineFirstPictureRoute
  | typeof timelineLanesRoute
  | typeof timelineSlicesRoute
  | typeof timelineSumsRoute
  | typeof timelineTileRoute
  | typeof spanRoute
  | typeof traceColumnsRoute
  | typeof traceFoundRoute
  | typeof traceRoute
  | typeof traceSizeRoute
  | typeof tracesRoute;

export type RoutePath = Routes['path'];
type RouteAt<Path extends RoutePath> = Extract<Routes, { readonly path: Path }>;
/** What a request may give: numbers and text. */
export type RouteParams<Path extends RoutePath> = z.input<RouteAt<Path>['query']>;
/** What it answers. */
export type RouteBody<Path extends RoutePath> = z.output<RouteAt<Path>['response']>;
