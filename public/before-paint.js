// Before first paint. A file, because it must run before anything is drawn.

// The theme that was chosen, else the system's; and whether the last visit saw demo data.
(() => {
  const root = document.documentElement;
  const chosen = localStorage.getItem('xray-theme');
  const light = chosen ? chosen === 'light' : matchMedia('(prefers-color-scheme: light)').matches;
  root.dataset.theme = light ? 'light' : 'dark';
  root.dataset.demo =
    localStorage.getItem('xray-demo') === '1' && !sessionStorage.getItem('xray-demo-dismissed') ? '1' : '0';
})();

// A timeline's first answers are asked for while the page's scripts load (components/queries/early-answers.ts takes them).
(() => {
  const [, job] = /^\/jobs\/([^/]+)\/timeline$/.exec(location.pathname) ?? [];
  if (job === undefined) return;
  const asked = new URLSearchParams(location.search);
  const path = `/api/jobs/${job}/timeline/`;
  const early = new Map();
  const ask = (address) => early.set(address, fetch(address));
  const session = asked.get('session');
  const narrow = session ? { session } : {};
  const text = new URLSearchParams(narrow).toString();
  ask(`${path}lanes${text === '' ? '' : `?${text}`}`);
  if (!['from', 'q', 'fn', 'state', 'order', 'fold', 'node', 'as'].some((name) => asked.has(name))) {
    // As wide as the lanes will be: a guess that is a little wrong still has the same power of two.
    const width = innerWidth < 640 ? innerWidth - 28 : Math.min(1572, innerWidth - 171);
    const pixels = Math.round((width - (width < 620 ? 92 : 190)) * Math.min(2, devicePixelRatio));
    ask(`${path}first-tile?${new URLSearchParams({ ...narrow, pixels: String(pixels) })}`);
  }
  globalThis.earlyAnswers = early;
})();
