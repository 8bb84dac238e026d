/**
 * How well an entry of the palette fits what was typed: every word must be in it as it stands. Letters scattered over a
 * word are no match: "theme" is not GpuTHErMalthrottlE, and the first entry is what Enter opens.
 */
export function paletteScore(value: string, typed: string): number {
  const text = value.toLowerCase();
  const terms = typed
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  let score = 1;
  for (const word of terms) {
    const at = text.indexOf(word);
    if (at < 0) return 0;
    // The beginning of a word fits better than its middle.
    if (at > 0 && /[a-z0-9]/.test(text[at - 1] ?? '')) score *= 0.5;
  }
  return score;
}
