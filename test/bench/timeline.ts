/**
 * Figures of the timeline with a synthetic job over the real engine: server time and bytes of one answer, preparing its
 * tracks, painting one frame while zooming and panning. Alone: `node test/bench/timeline.ts`; JSON lines on stdout.
 */
import { gzipSync } from 'node:zlib';
import type { TimelineColumns } from '../../lib/chart/timeline/timeline-columns.ts';
import { trackDensity } from '../../lib/chart/timeline/timeline-density.ts';
import { prepareTracks, type TimelineTracks, withNow } from '../../lib/chart/timeline/timeline-lanes.ts';
import { paintTracks } from '../../lib/chart/timeline/timeline-raster.ts';
import { fitRange, panBy, zoomAt } from '../../lib/chart/timeline/timeline-window.ts';
import { visibleRows, waterfallRows } from '../../lib/chart/trace/waterfall.ts';
import type { TimelineWire } from '../../lib/contract/timeline.ts';
import { getTimeline } from '../../lib/server/timeline/timeline.ts';
import { rayRows } from '../../lib/store/insert-ray.ts';
import { openTestRuntime } from '../support/open-runtime.ts';
import { attemptPart, phaseSpans, SYNTHETIC, seeded, syntheticAttempts } from './synthetic-timeline.ts';

interface Figure {
  readonly suite: string;
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  readonly budget: number;
  readonly holds: boolean;
}

const WIDTH = 1290;
const VIEW = 620;
const ROW = 18;

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;

/** Work of this thread so far, ms: unlike a clock it does not count the time that other processes take. */
function worked(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Median of five runs after one that warms up, ms of work. */
function timed(work: () => unknown): number {
  work();
  const times = Array.from({ length: 5 }, () => {
    const begun = worked();
    work();
    return worked() - begun;
  });
  return quantile(times, 0.5);
}

/** 240 frames of zooming in and out and panning over the first `lanes` lanes. */
function paintP95(tracks: TimelineTracks, lanes: number): number {
  const rows = tracks.tracks.slice(0, lanes).map((_, track) => ({ track, top: track * ROW, height: ROW - 3 }));
  const pixels = new Uint32Array(WIDTH * rows.length * ROW);
  const colours = new Uint32Array(tracks.start.length).fill(0xff00ff00);
  const paint = { colours, failure: 1, background: 0, runningEdge: 2 };
  const frames: number[] = [];
  let range = fitRange(tracks.extent);
  for (let i = 0; i < 240; i++) {
    range =
      i % 2 === 0
        ? zoomAt(range, (range.from + range.to) / 2, i < 120 ? 0.9 : 1 / 0.9, tracks.extent)
        : panBy(range, (range.to - range.from) * 0.02, tracks.extent);
    const begun = worked();
    pixels.fill(0);
    paintTracks(tracks, rows, range, paint, pixels, WIDTH, 28);
    frames.push(worked() - begun);
  }
  return quantile(frames, 0.95);
}

/** The worst for a raster: few workers that run many attempts at once, of all lengths, half of them failed. */
function roughJob(count: number): TimelineColumns {
  const random = seeded(7);
  const start = Array.from({ length: count }, () => Math.floor(random() * 3.6e12));
  return {
    originNs: SYNTHETIC.originNs.toString(),
    nowNs: (SYNTHETIC.originNs + 4_000_000_000_000n).toString(),
    functions: ['synthetic'],
    states: ['FINISHED', 'FAILED'],
    lanes: Array.from({ length: 4 }, (_, i) => ({
      nodeId: 'n',
      nodeName: 'n',
      workerId: `w${i}`,
      pid: i,
      actor: null,
    })),
    columns: {
      function: start.map(() => 0),
      state: start.map(() => (random() < 0.5 ? 1 : 0)),
      lane: start.map((_, i) => i % 4),
      start,
      end: start.map((at) => at + Math.floor(1e6 * 10 ** (random() * 4))),
    },
  };
}

/** Every figure is at most its budget. */
export async function run(report: (figure: Figure) => void): Promise<void> {
  const say = (figure: string, value: number, unit: string, budget: number) =>
    report({ suite: 'timeline', figure, value: Number(value.toFixed(2)), unit, budget, holds: value <= budget });
  const runtime = await openTestRuntime();
  try {
    for (const [count, budgets] of [
      [50_000, { answer: 2000, bytes: 5e6, gzip: 1e6, parse: 120, prepare: 150 }],
      [200_000, { answer: 8000, bytes: 20e6, gzip: 4e6, parse: 500, prepare: 600 }],
    ] as const) {
      const job = `${count.toString(16).padStart(6, '0')}00`;
      const attempts = syntheticAttempts(count);
      for (let from = 0; from < count; from += 25_000) {
        const part = attempts.slice(from, from + 25_000);
        const facts = {
          attempts: part.map((one) => ({ ...attemptPart(one), jobId: job })),
          profileSpans: part.flatMap(phaseSpans).map((span) => ({ ...span, jobId: job })),
        };
        for (const { table, rows } of rayRows(facts)) await runtime.engine.insert(table, rows);
      }
      const query = { jobId: job, session: SYNTHETIC.session, limit: 200_000 };
      const times: number[] = [];
      let data: TimelineWire | null = null;
      for (let i = 0; i < 3; i++) {
        const begun = performance.now();
        data = await getTimeline(runtime, query);
        times.push(performance.now() - begun);
      }
      if (data === null) throw new Error('no answer');
      const text = JSON.stringify(data);
      say(`answer ${count}`, quantile(times, 0.5), 'ms', budgets.answer);
      say(`answer ${count} size`, text.length, 'B', budgets.bytes);
      say(`answer ${count} size gzip`, gzipSync(text, { level: 4 }).length, 'B', budgets.gzip);
      say(
        `parse ${count}`,
        timed(() => JSON.parse(text)),
        'ms',
        budgets.parse,
      );
      const answer = data;
      say(
        `prepare ${count}`,
        timed(() => prepareTracks(answer)),
        'ms',
        budgets.prepare,
      );
      const tracks = prepareTracks(answer);
      const now = tracks.extent.to + 1e9;
      say(
        `grow running ${count}`,
        timed(() => withNow(tracks, now)),
        'ms',
        16,
      );
      const whole = fitRange(tracks.extent);
      say(
        `minimap ${count}`,
        timed(() => trackDensity(tracks, 0, tracks.tracks.length, whole, WIDTH)),
        'ms',
        50,
      );
      say(`paint ${count} visible lanes p95`, paintP95(tracks, Math.ceil(VIEW / ROW)), 'ms', 16);
      say(`paint ${count} all lanes p95`, paintP95(tracks, tracks.tracks.length), 'ms', 16);
    }
    const rough = prepareTracks(roughJob(50_000));
    say('paint 50000 overlapping, half failed p95', paintP95(rough, Math.ceil(VIEW / ROW)), 'ms', 16);
    const parent = Int32Array.from({ length: 300_000 }, (_, i) => (i === 0 ? -1 : Math.floor((i - 1) / 8)));
    const rows = waterfallRows(parent);
    const open = new Uint8Array(parent.length);
    say(
      'waterfall of 300000 spans',
      timed(() => waterfallRows(parent)),
      'ms',
      120,
    );
    say(
      'collapse of 300000 spans',
      timed(() => visibleRows(rows, open, null)),
      'ms',
      16,
    );
  } finally {
    await runtime.close();
  }
}

if (import.meta.main) {
  let broken = 0;
  await run((figure) => {
    console.log(JSON.stringify(figure));
    if (!figure.holds) broken++;
  });
  process.exitCode = broken > 0 ? 1 : 0;
}
