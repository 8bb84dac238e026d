/**
 * Paints rows of a timeline off the main thread. In: tracks and colours when they change, then frames by number. Out: the pixels
 * of each frame with the slices that are wide enough for text, and the milliseconds the paint took. The buffer of pixels goes to
 * and fro: an OffscreenCanvas here, whose bitmap is sent, costs five times as much per frame without a GPU (lib/decisions/0011).
 */
import { type PaintedFrame, paintFrame } from '../../lib/chart/timeline/timeline-frame.ts';
import type { RasterTracks, WideRun } from '../../lib/chart/timeline/timeline-raster.ts';

export type ToWorker =
  | { readonly kind: 'tracks'; readonly tracks: RasterTracks; readonly colours: Uint32Array }
  | {
      readonly kind: 'frame';
      readonly id: number;
      readonly frame: PaintedFrame;
      /** Of a frame that was shown, to be painted on. */
      readonly buffer: ArrayBuffer | null;
    };
export type FromWorker =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'painted';
      readonly id: number;
      /** RGBA, row-major; as large as the frame. */
      readonly buffer: ArrayBuffer;
      readonly runs: readonly WideRun[];
      readonly workMs: number;
    };

const say = (message: FromWorker, transfer: Transferable[] = []): void => postMessage(message, { transfer });

let held: { readonly tracks: RasterTracks; readonly colours: Uint32Array } | null = null;

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'tracks') {
    held = data;
    return;
  }
  if (held === null) return;
  const { id, frame } = data;
  const began = performance.now();
  const bytes = frame.width * frame.height * 4;
  const buffer = data.buffer?.byteLength === bytes ? data.buffer : new ArrayBuffer(bytes);
  const runs = paintFrame(held.tracks, held.colours, frame, new Uint32Array(buffer));
  say({ kind: 'painted', id, buffer, runs, workMs: performance.now() - began }, [buffer]);
});
say({ kind: 'ready' });
