// Before first paint: the theme that was chosen, else the system's. A file, because the page allows no inline script.
(() => {
  const chosen = localStorage.getItem('xray-theme');
  const light = chosen ? chosen === 'light' : matchMedia('(prefers-color-scheme: light)').matches;
  document.documentElement.dataset.theme = light ? 'light' : 'dark';
})();
