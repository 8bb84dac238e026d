// Before first paint: the theme that was chosen, else the system's; and whether the last visit saw demo data. A file, because
// it must run before anything is drawn.
(() => {
  const root = document.documentElement;
  const chosen = localStorage.getItem('xray-theme');
  const light = chosen ? chosen === 'light' : matchMedia('(prefers-color-scheme: light)').matches;
  root.dataset.theme = light ? 'light' : 'dark';
  root.dataset.demo =
    localStorage.getItem('xray-demo') === '1' && !sessionStorage.getItem('xray-demo-dismissed') ? '1' : '0';
})();
