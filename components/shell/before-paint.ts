/**
 * What runs before anything is drawn. Its text stands in every page's head (app/layout.tsx), so that it may refer to nothing
 * outside itself: what it needs of other modules is given to it, as text too.
 */
import { labelsWidth } from '../../lib/chart/timeline/timeline-layout.ts';

export const BEFORE_PAINT = `(${beforePaint})(${labelsWidth})`;

function beforePaint(labels: (width: number) => number): void {
  // Styles that libraries add while running (react-remove-scroll, by get-nonce) carry the nonce of this answer too.
  Object.assign(globalThis, { __webpack_nonce__: document.currentScript?.nonce });

  // The theme that was chosen, else the system's; and whether the last visit saw demo data.
  const root = document.documentElement;
  const chosen = localStorage.getItem('xray-theme');
  const light = chosen ? chosen === 'light' : matchMedia('(prefers-color-scheme: light)').matches;
  const theme = light ? 'light' : 'dark';
  root.dataset.theme = theme;
  root.dataset.demo =
    localStorage.getItem('xray-demo') === '1' && !sessionStorage.getItem('xray-demo-dismissed') ? '1' : '0';

  // The first answers of a trace and of a timeline are asked for while the page's scripts load (components/queries/early-answers.ts
  // takes them).
  const early = new Map<string, Promise<Response>>();
  globalThis.earlyAnswers = early;
  const ask = (one: string) => early.set(one, fetch(one));
  const trace = /^\/traces\/([^/]+)$/.exec(location.pathname)?.[1];
  if (trace !== undefined) {
    ask(`/api/traces/${trace}/size`);
    ask(`/api/traces/${trace}/spans`);
  }
  const job = /^\/jobs\/([^/]+)\/timeline$/.exec(location.pathname)?.[1];
  if (job === undefined) return;
  const requested = new URLSearchParams(location.search);
  const path = `/api/jobs/${job}/timeline/`;
  const session = requested.get('session');
  const jobRef: Record<string, string> = session ? { session } : {};
  const address = (name: string, more: Record<string, string>) => {
    const text = new URLSearchParams({ ...jobRef, ...more }).toString();
    return `${path}${name}${text === '' ? '' : `?${text}`}`;
  };
  const isPlain = !['from', 'q', 'fn', 'state', 'order', 'fold', 'node', 'actor', 'longer', 'color', 'as'].some(
    (name) => requested.has(name),
  );
  if (!isPlain) {
    ask(address('lanes', {}));
    return;
  }
  // As wide as the lanes will be: a guess that is a little wrong still has the same power of two.
  const width = Math.max(200, innerWidth < 640 ? innerWidth - 28 : Math.min(1572, innerWidth - 171));
  const scale = Math.min(2, Math.max(0.1, devicePixelRatio));
  // A picture of the lanes stands in until scripts draw them (components/charts/first-picture.tsx).
  const picture = address('first-picture', {
    width: String(width),
    // What the server draws at most; a higher window shows less of it.
    windowHeight: String(Math.min(2400, Math.max(100, innerHeight))),
    scale: String(scale),
    theme,
  });
  const link = document.createElement('link');
  link.rel = 'preload';
  link.as = 'image';
  link.fetchPriority = 'high';
  link.href = picture;
  document.head.append(link);
  root.style.setProperty('--first-picture', `url("${picture}")`);
  ask(address('lanes', {}));
  ask(address('first-tile', { pixels: String(Math.round((width - labels(width)) * scale)) }));
}
