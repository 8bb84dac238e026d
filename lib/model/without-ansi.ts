/** Control sequences of a terminal (ECMA-48): CSI, which colours, and OSC, which sets titles and links. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
const ANSI = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/g;

/** Ray and tqdm colour what they write; a page shows the text alone. */
export const withoutAnsi = (text: string): string => text.replace(ANSI, '');
