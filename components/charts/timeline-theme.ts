/** Colours of the theme that canvases draw with, read once per theme: reading styles in every frame costs a layout. */
import { useEffect, useState } from 'react';

export interface CanvasTheme {
  readonly background: string;
  readonly panel: string;
  readonly raised: string;
  readonly line: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
  readonly bad: string;
}

function readTheme(): CanvasTheme {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string, preset: string) => style.getPropertyValue(name).trim() || preset;
  return {
    background: read('--bg', '#060b12'),
    panel: read('--panel', '#0b131d'),
    raised: read('--panel-2', '#111c29'),
    line: read('--line', '#1d2b3a'),
    text: read('--text', '#dbe7f3'),
    muted: read('--muted', '#8fa3b8'),
    accent: read('--accent', '#5cc8ff'),
    bad: read('--bad', '#ff7a7a'),
  };
}

/** Null until the page is in a browser. */
export function useCanvasTheme(): CanvasTheme | null {
  const [theme, setTheme] = useState<CanvasTheme | null>(null);
  useEffect(() => {
    setTheme(readTheme());
    const observer = new MutationObserver(() => setTheme(readTheme()));
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => observer.disconnect();
  }, []);
  return theme;
}
