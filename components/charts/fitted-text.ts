/** Text on a canvas that is cut where it does not fit, and never squeezed. */

const MOST_KEPT = 2000;
/** By font, width and text: lanes are labelled anew with every frame. */
const kept = new Map<string, string>();

/** Cut in the middle where it is wider than `width` (CSS px) in the font that is set: names differ at their ends. */
export function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  const key = `${context.font} ${Math.floor(width)} ${text}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  if (kept.size >= MOST_KEPT) kept.clear();
  const cut = cutToFit(context, text, width);
  kept.set(key, cut);
  return cut;
}

function cutToFit(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  for (let keep = text.length - 1; keep > 2; keep--) {
    const cut = `${text.slice(0, Math.floor(keep / 2))}…${text.slice(text.length - Math.ceil(keep / 2))}`;
    if (context.measureText(cut).width <= width) return cut;
  }
  return text.slice(-2);
}
