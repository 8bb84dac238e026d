/** The pages of X-Ray that can be shared, by their address; what each asks of the API is in ./page-requests.ts. */

/** Half-open, Unix ms. */
export interface PageWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Length of a live window and how far it moves at a time: one question keeps one address for that long. */
export const LIVE_WINDOW_MS = 3_600_000;
export const LIVE_STEP_MS = 10_000;

interface PageDefinition {
  readonly path: string;
  /** True: the page has a time window, `from` and `to` in Unix ms; without them it is live. */
  readonly windowed: boolean;
}

const definePages = <Name extends string>(pages: Readonly<Record<Name, PageDefinition>>) => pages;

export const PAGES = definePages({
  clusters: { path: '/', windowed: false },
  cluster: { path: '/clusters/{cluster}', windowed: true },
  jobs: { path: '/jobs', windowed: false },
  job: { path: '/jobs/{jobId}', windowed: false },
  timeline: { path: '/jobs/{jobId}/timeline', windowed: false },
  traces: { path: '/traces', windowed: true },
  trace: { path: '/traces/{traceId}', windowed: false },
  memory: { path: '/memory', windowed: true },
  collectives: { path: '/collectives', windowed: true },
  alerts: { path: '/alerts', windowed: false },
  alert: { path: '/alerts/{fingerprint}', windowed: false },
  sources: { path: '/sources', windowed: false },
});
export type PageName = keyof typeof PAGES;
