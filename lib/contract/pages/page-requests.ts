/**
 * What each page that can be shared asks of the API. A share that is made without a list of requests freezes exactly this;
 * test/e2e/shares.test.ts compares it with what each page asks in the browser.
 * Out of scope: parts of a page that are asked for only when somebody opens them.
 */

import { WHOLE_TIMELINE } from '../../model/timeline-tile.ts';
import { AlertResponse, alertRoute, alertsRoute } from '../alerts.ts';
import { ClusterResponse, clusterRoute, clustersRoute, clusterUsageRoute } from '../clusters.ts';
import { CollectivesResponse, collectivesRoute, ranksRoute } from '../collectives.ts';
import { healthRoute } from '../health.ts';
import {
  jobRoute,
  jobsRoute,
  logsRoute,
  ranThenRoute,
  slowNodesRoute,
  TaskResponse,
  taskRoute,
  tasksRoute,
  tasksSummaryRoute,
} from '../jobs.ts';
import { heatmapRoute, oomRoute } from '../memory.ts';
import { requestPath } from '../requests/request-path.ts';
import { timelineRoute } from '../timeline.ts';
import {
  TimelineLanesResponse,
  TimelineSumsResponse,
  timelineFirstPictureRoute,
  timelineLanesRoute,
  timelineSumsRoute,
} from '../timeline-tile.ts';
import { traceRoute, tracesRoute } from '../traces.ts';
import type { FoundPage } from './find-page.ts';
import { LIVE_STEP_MS, LIVE_WINDOW_MS, type PageName, type PageWindow } from './pages.ts';
import { sharedPicture } from './shared-picture.ts';

interface PageAddress {
  /** Of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly window: PageWindow;
  /** True: the window is not in the address. */
  readonly live: boolean;
  /** Bodies of good answers so far by request path: some requests follow from others. */
  readonly answers: ReadonlyMap<string, unknown>;
}

/** A query parameter as part of a request's parameters; absent where it is absent. */
const given = (query: URLSearchParams, ...names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name): [string, string][] => {
      const value = query.get(name);
      return value === null || value === '' ? [] : [[name, value]];
    }),
  );
const timestamps = ({ fromMs, toMs }: PageWindow) => ({ from: String(fromMs), to: String(toMs) });

/** The attempts of the window in the address of a large timeline; none where there is no window, or too much in it for one answer. */
function sharedWindow(
  which: { readonly jobId: string },
  query: URLSearchParams,
  answers: ReadonlyMap<string, unknown>,
): readonly string[] {
  const window = given(query, 'from', 'to');
  if (window.from === undefined || window.to === undefined) return [];
  const sums = requestPath(timelineSumsRoute, { ...which, ...window });
  const counted = TimelineSumsResponse.safeParse(answers.get(sums));
  if (!counted.success) return [sums];
  return counted.data.count > WHOLE_TIMELINE
    ? [sums]
    : [sums, requestPath(timelineRoute, { ...which, ...window, limit: WHOLE_TIMELINE })];
}

type PageRequests = (address: PageAddress) => readonly string[];

const REQUESTS: Readonly<Record<PageName, PageRequests>> = {
  clusters: () => [requestPath(clustersRoute, {})],
  cluster: ({ params, query, window, answers }) => {
    const cluster = params.cluster ?? '';
    const actorState = query.get('actors');
    const first = requestPath(clusterRoute, {
      cluster,
      ...given(query, 'session'),
      ...(actorState ? { actorState } : {}),
    });
    const answer = ClusterResponse.safeParse(answers.get(first));
    const session = answer.success ? answer.data.session : null;
    if (session === null) return [first];
    return [
      first,
      requestPath(clusterUsageRoute, { cluster, session, ...timestamps(window), points: 240 }),
      requestPath(jobsRoute, { cluster, session, limit: 50 }),
    ];
  },
  jobs: ({ query }) => [requestPath(jobsRoute, given(query, 'cluster'))],
  job: ({ params, query }) => {
    const which = { jobId: params.jobId ?? '', ...given(query, 'session') };
    return [
      requestPath(jobRoute, which),
      requestPath(tasksSummaryRoute, which),
      requestPath(slowNodesRoute, which),
      requestPath(tasksRoute, { ...which, state: 'FAILED', limit: 100 }),
      requestPath(logsRoute, { ...which, tail: 1000 }),
    ];
  },
  timeline: ({ params, query, answers }) => {
    const which = { jobId: params.jobId ?? '', ...given(query, 'session') };
    const [taskId = '', attempt = ''] = (query.get('sel') ?? '').split(':');
    // What decides between one answer and tiles. Of a large job a share holds the sums, a picture, and the attempts of the window in
    // view where one answer holds them: its tiles are too many.
    const size = requestPath(timelineLanesRoute, which);
    const sized = TimelineLanesResponse.safeParse(answers.get(size));
    if (!sized.success) return [size];
    const { matched, isBeingMade, version, running } = sized.data;
    const isLarge = matched > WHOLE_TIMELINE || isBeingMade;
    const session = given(query, 'session');
    const marks = [requestPath(oomRoute, { job: which.jobId, ...session }), requestPath(alertsRoute, {})];
    const lanes = isLarge
      ? [
          requestPath(timelineSumsRoute, { ...which, ...(running.length > 0 ? {} : { version }) }),
          ...(['dark', 'light'] as const).map((theme) =>
            requestPath(timelineFirstPictureRoute, sharedPicture(which, theme)),
          ),
          ...sharedWindow(which, query, answers),
        ]
      : [requestPath(timelineRoute, which)];
    if (taskId === '') return [size, ...lanes, ...marks];
    const task = requestPath(taskRoute, { ...which, taskId });
    const answer = TaskResponse.safeParse(answers.get(task));
    if (!answer.success) return [size, ...lanes, ...marks, task];
    const { attempts } = answer.data;
    const shown = attempts.find((each) => String(each.attempt) === attempt) ?? attempts.at(-1);
    if (!shown) return [size, ...lanes, ...marks, task];
    const stream = shown.errorType === null ? 'out' : 'err';
    return [
      size,
      ...lanes,
      ...marks,
      task,
      requestPath(logsRoute, { ...which, taskId, attempt: shown.attempt, stream, tail: 1000 }),
    ];
  },
  traces: ({ query, window, live }) => [
    requestPath(tracesRoute, {
      ...given(query, 'service', 'name', 'attributes', 'cursor'),
      ...(Number(query.get('min')) > 0 ? { minDurationMs: Number(query.get('min')) } : {}),
      ...(query.get('errors') === 'true' ? { errors: 'true' as const } : {}),
      ...(live ? {} : timestamps(window)),
      limit: 50,
    }),
  ],
  trace: ({ params }) => [requestPath(traceRoute, { traceId: params.traceId ?? '' })],
  memory: ({ query, window }) => {
    const which = { ...given(query, 'cluster'), ...timestamps(window) };
    const by = query.get('by') === 'gpu' ? 'gpu' : 'node';
    return [requestPath(heatmapRoute, { ...which, by, bins: 360 }), requestPath(oomRoute, which)];
  },
  collectives: ({ query, window, answers }) => {
    const which = { ...given(query, 'cluster', 'session'), ...timestamps(window) };
    const first = requestPath(collectivesRoute, which);
    const answer = CollectivesResponse.safeParse(answers.get(first));
    if (!answer.success) return [first];
    const { communicators } = answer.data;
    const chosen = communicators.find((one) => one.id === query.get('comm')) ?? communicators[0];
    if (!chosen) return [first];
    const wanted = query.get('op') ?? 'AllReduce';
    const collective = chosen.collectives.includes(wanted) ? wanted : (chosen.collectives[0] ?? 'AllReduce');
    return [first, requestPath(ranksRoute, { ...which, communicator: chosen.id, collective })];
  },
  alerts: ({ query }) => [requestPath(alertsRoute, given(query, 'cluster'))],
  alert: ({ params, answers }) => {
    const first = requestPath(alertRoute, { fingerprint: params.fingerprint ?? '' });
    const answer = AlertResponse.safeParse(answers.get(first));
    if (!answer.success) return [first];
    const { entities, fromNs, toNs } = answer.data;
    const ranThen = requestPath(ranThenRoute, {
      from: fromNs,
      to: toNs,
      limit: 50,
      ...(entities.session ? { session: entities.session } : {}),
      ...(entities.workerId ? { worker: entities.workerId } : entities.nodeId ? { node: entities.nodeId } : {}),
      ...(entities.function ? { function: entities.function } : {}),
    });
    return [first, ranThen];
  },
  sources: () => [requestPath(healthRoute, {})],
};

/** What the page asks, given the answers it already has; more may follow from theirs. `nowMs`: where live windows end. */
export function pageRequests(page: FoundPage, nowMs: number, answers: ReadonlyMap<string, unknown>): readonly string[] {
  const toMs = Math.floor(nowMs / LIVE_STEP_MS) * LIVE_STEP_MS;
  const window = page.window ?? { fromMs: toMs - LIVE_WINDOW_MS, toMs };
  return REQUESTS[page.name]({
    params: page.params,
    query: page.query,
    window,
    live: page.window === null,
    answers,
  });
}
