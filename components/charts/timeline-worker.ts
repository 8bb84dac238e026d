/**
 * Paints rows of a timeline off the main thread. In: tracks and colours when they change, then frames by number. Out: one
 * bitmap per frame with the slices that are wide enough for text, and the milliseconds the paint took.
 */
import { type PaintedFrame, paintFrame } from '../../lib/chart/timeline-frame.ts';
import type { RasterTracks, WideRun } from '../../lib/chart/timeline-raster.ts';

export type ToWorker =
  | { readonly kind: 'tracks'; readonly tracks: RasterTracks; readonly colours: Uint32Array }
  | { readonly kind: 'frame'; readonly id: number; readonly frame: PaintedFrame };
export type FromWorker =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'painted';
      readonly id: number;
      readonly bitmap: ImageBitmap;
      readonly runs: readonly WideRun[];
      readonly workMs: number;
    };

const say = (message: FromWorker, transfer: Transferable[] = []): void => postMessage(message, { transfer });

let held: { readonly tracks: RasterTracks; readonly colours: Uint32Array } | null = null;
let canvas: OffscreenCanvas | null = null;
let image: ImageData | null = null;

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'tracks') {
    held = data;
    return;
  }
  const { id, frame } = data;
  const began = performance.now();
  const { width, height } = frame;
  if (canvas === null || canvas.width !== width || canvas.height !== height)
    canvas = new OffscreenCanvas(width, height);
  if (image === null || image.width !== width || image.height !== height) image = new ImageData(width, height);
  const context = canvas.getContext('2d', { alpha: false });
  if (held === null || context === null) return;
  const runs = paintFrame(held.tracks, held.colours, frame, new Uint32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
  const bitmap = canvas.transferToImageBitmap();
  say({ kind: 'painted', id, bitmap, runs, workMs: performance.now() - began }, [bitmap]);
});
say({ kind: 'ready' });
