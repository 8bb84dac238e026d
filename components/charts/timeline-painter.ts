/**
 * Slices of a timeline onto a canvas: painted in a worker once it is there, on the main thread before and where there is
 * none. Both paint the same pixels. One frame is under way at a time; of those asked for meanwhile only the newest is painted.
 */
import { packColour } from '../../lib/chart/colour/timeline-colours.ts';
import { type PaintedFrame, paintFrame } from '../../lib/chart/timeline/timeline-frame.ts';
import { AXIS_HEIGHT, rowsBetween } from '../../lib/chart/timeline/timeline-layout.ts';
import type { RasterTracks, WideRun } from '../../lib/chart/timeline/timeline-raster.ts';
import type { Frame, TimelineScene } from './timeline-scene.ts';
import type { CanvasTheme } from './timeline-theme.ts';
import type { FromWorker, ToWorker } from './timeline-worker.ts';

export interface PaintRequest {
  readonly canvas: HTMLCanvasElement;
  readonly scene: TimelineScene;
  readonly frame: Frame;
  readonly theme: CanvasTheme;
  /** The frame is on the canvas: `runs` are slices wide enough for text, `workMs` the work of both threads for its slices. */
  readonly onPainted: (runs: readonly WideRun[], workMs: number) => void;
}

/** Device pixels of the canvas and of its plot. */
function sizes(frame: Frame) {
  const [width, height] = [Math.round(frame.width * frame.scale), Math.round(frame.height * frame.scale)];
  const [left, top] = [Math.round(frame.labels * frame.scale), Math.round(AXIS_HEIGHT * frame.scale)];
  return { width, height, left, top };
}

/** Gives a canvas its size, which empties it where it changes. */
export function resizeCanvas(canvas: HTMLCanvasElement, frame: Frame): void {
  const { width, height } = sizes(frame);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

function paintedFrame({ scene, frame, theme }: PaintRequest): PaintedFrame {
  const { width, height, left, top } = sizes(frame);
  const rows = rowsBetween(scene.layout, frame.scrollTop, frame.scrollTop + frame.height - AXIS_HEIGHT).map((row) => {
    const group = scene.tracks.groups[row.group];
    const isFolded = row.track === -1 && row.folded && group !== undefined;
    return {
      track: row.track,
      top: row.top - frame.scrollTop,
      height: row.height,
      folded: isFolded
        ? {
            first: group.first,
            last: group.last,
            density: scene.densityOf?.(row.group, frame.range, width - left) ?? null,
          }
        : null,
      loaded:
        row.track === -1 || scene.loadedOf === undefined
          ? (scene.loadedHeads?.(row.group) ?? scene.loaded)
          : scene.loadedOf(row.track),
    };
  });
  return {
    rows,
    range: frame.range,
    width: width - left,
    height: height - top,
    scale: frame.scale,
    palette: {
      background: packColour(theme.panel),
      header: packColour(theme.raised),
      failure: packColour(theme.bad),
      accent: packColour(theme.accent),
      muted: packColour(theme.muted),
    },
  };
}

const rasterTracks = (tracks: RasterTracks): RasterTracks => ({
  trackBegin: tracks.trackBegin,
  start: tracks.start,
  end: tracks.end,
  running: tracks.running,
  longest: tracks.longest,
  treeSize: tracks.treeSize,
  failedBefore: tracks.failedBefore,
});

export class SlicePainter {
  #worker: Worker | null = null;
  #isReady = false;
  #sent: { readonly tracks: RasterTracks; readonly colours: Uint32Array } | null = null;
  #underWay: {
    readonly id: number;
    readonly request: PaintRequest;
    readonly size: { readonly width: number; readonly height: number };
    readonly sentMs: number;
  } | null = null;
  /** Pixels of the frame that was shown last, for the worker to paint the next on. */
  #spare: ArrayBuffer | null = null;
  #next: PaintRequest | null = null;
  #image: ImageData | null = null;
  #frames = 0;

  constructor() {
    if (typeof Worker === 'undefined') return;
    try {
      this.#worker = new Worker(new URL('./timeline-worker.ts', import.meta.url), { name: 'timeline' });
    } catch {
      return;
    }
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === 'ready') this.#isReady = true;
      else this.#painted(data);
    };
    // A worker that cannot be loaded, or broke: the main thread goes on alone.
    this.#worker.onerror = () => {
      const lost = this.#next ?? this.#underWay?.request;
      this.close();
      if (lost !== undefined) this.paint(lost);
    };
  }

  close(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#isReady = false;
    this.#underWay = null;
    this.#next = null;
  }

  paint(request: PaintRequest): void {
    const frame = sizes(request.frame);
    if (frame.width - frame.left < 2 || frame.height - frame.top < 2) return;
    if (this.#worker === null || !this.#isReady) this.#paintHere(request);
    else if (this.#underWay === null) this.#send(this.#worker, request);
    else this.#next = request;
  }

  #send(worker: Worker, request: PaintRequest): void {
    const began = performance.now();
    const { tracks, colours } = request.scene;
    const send = (message: ToWorker, transfer: Transferable[] = []) => worker.postMessage(message, transfer);
    if (this.#sent?.tracks !== tracks || this.#sent.colours !== colours) {
      this.#sent = { tracks, colours };
      send({ kind: 'tracks', tracks: rasterTracks(tracks), colours });
    }
    const id = ++this.#frames;
    const frame = paintedFrame(request);
    const buffer = this.#spare;
    this.#spare = null;
    send({ kind: 'frame', id, frame, buffer }, buffer === null ? [] : [buffer]);
    this.#underWay = { id, request, size: frame, sentMs: performance.now() - began };
  }

  #painted({ id, buffer, runs, workMs }: FromWorker & { kind: 'painted' }): void {
    const done = this.#underWay;
    this.#spare = buffer;
    if (done === null || done.id !== id) return;
    const began = performance.now();
    const image = new ImageData(new Uint8ClampedArray(buffer), done.size.width, done.size.height);
    compose(done.request, image);
    this.#underWay = null;
    done.request.onPainted(runs, done.sentMs + workMs + performance.now() - began);
    const next = this.#next;
    this.#next = null;
    if (next !== null) this.paint(next);
  }

  #paintHere(request: PaintRequest): void {
    const began = performance.now();
    const { scene, onPainted } = request;
    const wanted = paintedFrame(request);
    const { width, height } = wanted;
    let image = this.#image;
    if (image === null || image.width !== width || image.height !== height) {
      image = new ImageData(width, height);
      this.#image = image;
    }
    const runs = paintFrame(scene.tracks, scene.colours, wanted, new Uint32Array(image.data.buffer));
    compose(request, image);
    onPainted(runs, performance.now() - began);
  }
}

function compose({ canvas, frame, theme }: PaintRequest, image: ImageData): void {
  const context = canvas.getContext('2d', { alpha: false });
  if (context === null) return;
  resizeCanvas(canvas, frame);
  const { left, top, width, height } = sizes(frame);
  context.fillStyle = theme.panel;
  context.fillRect(0, 0, width, top);
  context.fillRect(0, top, left, height - top);
  context.putImageData(image, left, top);
}
