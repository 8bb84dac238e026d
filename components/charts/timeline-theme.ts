/** Colours of the theme that canvases draw with, read once per theme: reading styles in every frame costs a layout. */
import { useEffect, useState } from 'react';
import { CANVAS_THEMES, type CanvasTheme, THEME_PROPERTIES } from '../../lib/chart/colour/canvas-theme.ts';

export type { CanvasTheme };

function readTheme(): CanvasTheme {
  const style = getComputedStyle(document.documentElement);
  const read = (name: keyof CanvasTheme) =>
    style.getPropertyValue(THEME_PROPERTIES[name]).trim() || CANVAS_THEMES.dark[name];
  return {
    background: read('background'),
    panel: read('panel'),
    raised: read('raised'),
    line: read('line'),
    text: read('text'),
    muted: read('muted'),
    accent: read('accent'),
    bad: read('bad'),
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
