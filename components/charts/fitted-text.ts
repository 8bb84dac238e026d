/** Text on a canvas that is cut where it does not fit. */

const MOST_KEPT = 2000;
/** Letters are as easy to read at this share of their width; narrower ones are not. */
const NARROWEST = 0.85;
/** By font, width and text: lanes are labelled anew with every frame. */
const kept = new Map<string, string>();

/**
 * Draws text in the font that is set, at most `width` wide (CSS px): a little narrower where that is enough, else cut in the middle,
 * as names differ at their ends.
 */
export function fillFitted(context: CanvasRenderingContext2D, text: string, x: number, y: number, width: number): void {
  context.fillText(fitted(context, text, width / NARROWEST), x, y, width);
}

function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
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
