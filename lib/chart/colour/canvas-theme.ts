/** Colours that timelines are drawn with where no style sheet is at hand; app/globals.css says the same (a test compares). */
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

export const CANVAS_THEMES: Readonly<Record<'dark' | 'light', CanvasTheme>> = {
  dark: {
    background: '#060b12',
    panel: '#0b131d',
    raised: '#111c29',
    line: '#1d2b3a',
    text: '#dbe7f3',
    muted: '#8fa3b8',
    accent: '#5cc8ff',
    bad: '#ff7a7a',
  },
  light: {
    background: '#eef3f7',
    panel: '#ffffff',
    raised: '#f5f8fb',
    line: '#d3dde7',
    text: '#0d1b2a',
    muted: '#4d6074',
    accent: '#00629b',
    bad: '#b3261e',
  },
};

/** The custom property of the style sheet that holds each. */
export const THEME_PROPERTIES: Readonly<Record<keyof CanvasTheme, string>> = {
  background: '--bg',
  panel: '--panel',
  raised: '--panel-2',
  line: '--line',
  text: '--text',
  muted: '--muted',
  accent: '--accent',
  bad: '--bad',
};
