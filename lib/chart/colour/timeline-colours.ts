/** Colours of slices: by function, by state, or by duration against the function's median. Safe for colour-blind eyes. */

import { ownValue } from '../../model/own-value.ts';

export type ColourMode = 'function' | 'state' | 'duration';
export const COLOUR_MODES: readonly ColourMode[] = ['function', 'state', 'duration'];

/** One entry per slice, but `medianNs` per function; times in one unit. */
export interface ColouredSlices {
  readonly start: ArrayLike<number>;
  readonly end: ArrayLike<number>;
  readonly functionIndex: ArrayLike<number>;
  readonly stateIndex: ArrayLike<number>;
  readonly medianNs: ArrayLike<number>;
}

/** Okabe-Ito hues without its vermilion, which is kept for failure, then darker and lighter turns of the same hues. */
const FUNCTION_COLOURS = [
  '#56b4e9',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#0072b2',
  '#f0e442',
  '#8fd0f2',
  '#b37b00',
  '#4cc9a5',
  '#e3a9c9',
  '#4a9fd4',
  '#b8ae20',
] as const;

const STATE_COLOURS: Readonly<Record<string, string>> = {
  FINISHED: '#009e73',
  FAILED: '#d55e00',
  RUNNING: '#56b4e9',
  RUNNING_IN_RAY_GET: '#e69f00',
  RUNNING_IN_RAY_WAIT: '#f0e442',
};

/** Steps of duration over median: cividis from dark to light. */
const DURATION_STEPS: readonly (readonly [ratio: number, colour: string, label: string])[] = [
  [0.5, '#2a3f6d', 'under half'],
  [1.5, '#575d6d', 'about the median'],
  [2, '#7c7b78', '1.5x to 2x'],
  [4, '#a59c74', '2x to 4x'],
  [Number.POSITIVE_INFINITY, '#fee838', 'over 4x'],
];

/** FNV-1a: one name has one colour on every page and in every session. */
export function stableHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Colour of a name: function or service. */
export const nameColour = (name: string): string =>
  FUNCTION_COLOURS[stableHash(name) % FUNCTION_COLOURS.length] ?? FUNCTION_COLOURS[0];

/** `#rrggbb`, or `#rgb` as built style sheets shorten it, as ImageData's little-endian 0xAABBGGRR, opaque. */
export function packColour(hex: string): number {
  const digits = hex.length < 7 ? [...hex.slice(1, 4)].map((digit) => digit + digit).join('') : hex.slice(1, 7);
  const value = Number.parseInt(digits, 16);
  return ((255 << 24) | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}

/** Mix of two packed colours: share 0 is all of `a`, 1 all of `b`. */
export function mixColours(a: number, b: number, share: number): number {
  const part = (shift: number) => Math.round(((a >>> shift) & 255) * (1 - share) + ((b >>> shift) & 255) * share);
  return ((255 << 24) | (part(16) << 16) | (part(8) << 8) | part(0)) >>> 0;
}

export interface LegendEntry {
  readonly colour: string;
  readonly label: string;
}

/** What the colours mean, in the order to read them. */
export function colourLegend(
  mode: ColourMode,
  functions: readonly string[],
  states: readonly string[],
): readonly LegendEntry[] {
  if (mode === 'function') return functions.map((label) => ({ colour: nameColour(label), label }));
  if (mode === 'duration') return DURATION_STEPS.map(([, colour, label]) => ({ colour, label }));
  return states.map((label) => ({ colour: ownValue(STATE_COLOURS, label) ?? '#8a8f98', label }));
}

/**
 * One packed colour per slice. Slices that `matches` refuses are mixed towards `background`: search dims, it does not
 * hide.
 */
export function sliceColours(
  slices: ColouredSlices,
  names: { readonly functions: readonly string[]; readonly states: readonly string[] },
  mode: ColourMode,
  background: number,
  matches?: (slice: number) => boolean,
): Uint32Array {
  const ofFunction = names.functions.map((name) => packColour(nameColour(name)));
  const ofState = names.states.map((state) => packColour(ownValue(STATE_COLOURS, state) ?? '#8a8f98'));
  const ofStep = DURATION_STEPS.map(([, colour]) => packColour(colour));
  const colours = new Uint32Array(slices.start.length);
  for (let i = 0; i < colours.length; i++) {
    let colour = 0;
    if (mode === 'function') colour = ofFunction[slices.functionIndex[i] ?? 0] ?? 0;
    else if (mode === 'state') colour = ofState[slices.stateIndex[i] ?? 0] ?? 0;
    else {
      const ratio =
        ((slices.end[i] ?? 0) - (slices.start[i] ?? 0)) / (slices.medianNs[slices.functionIndex[i] ?? 0] ?? 1);
      const step = DURATION_STEPS.findIndex(([limit]) => ratio < limit);
      colour = ofStep[step === -1 ? 1 : step] ?? 0;
    }
    colours[i] = matches === undefined || matches(i) ? colour : mixColours(colour, background, 0.82);
  }
  return colours;
}
