/** The theme as it stands on the document; components/shell/before-paint.ts sets it before first paint. */
export function toggleTheme(): void {
  const next = document.documentElement.dataset.theme === 'light' ? 'dark' : 'light';
  document.documentElement.dataset.theme = next;
  localStorage.setItem('xray-theme', next);
}
