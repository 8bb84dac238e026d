/**
 * Figures of the timeline with a synthetic job over the real engine: server time and bytes of one answer, preparing its
 * tracks, painting one frame while zooming and panning. Alone: `node test/bench/timeline.ts`; JSON lines on stdout.
 */
import { gzipSync } from 'node:zlib';
import { prepareTracks } from '../../lib/chart/timeline-lanes.ts';
import { paintTracks } from '../../lib/chart/timeline-raster.ts';
import { fitRange, panBy, zoomAt } from '../../lib/chart/timeline-window.ts';
import type { TimelineWire } from '../../lib/contract/timeline.ts';
import { getTimeline } from '../../lib/server/timeline.ts';
import { rayRows } from '../../lib/store/insert-ray.ts';
import { openTestRuntime } from '../server/open-runtime.ts';
import { attemptPart, phaseSpans, SYNTHETIC, syntheticAttempts } from './synthetic-timeline.ts';

export interface Figure {
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

/** Every figure is at most its budget. */
export async function run(report: (figure: Figure) => void): Promise<void> {
  const say = (figure: string, value: number, unit: string, budget: number) =>
    report({ suite: 'timeline', figure, value: Number(value.toFixed(2)), unit, budget, holds: value <= budget });
  const runtime = await openTestRuntime();
  try {
    for (const [count, budgets] of [
      [50_000, { answer: 1500, bytes: 6e6, gzip: 1.6e6, parse: 120, prepare: 150 }],
      [200_000, { answer: 6000, bytes: 24e6, gzip: 6e6, parse: 500, prepare: 600 }],
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
      const parsing = performance.now();
      JSON.parse(text);
      say(`parse ${count}`, performance.now() - parsing, 'ms', budgets.parse);
      const preparing = performance.now();
      const tracks = prepareTracks(data);
      say(`prepare ${count}`, performance.now() - preparing, 'ms', budgets.prepare);
      const places = tracks.tracks
        .map((_, track) => ({ track, top: track * ROW, height: ROW - 3 }))
        .slice(0, Math.ceil(VIEW / ROW));
      const all = tracks.tracks.map((_, track) => ({ track, top: track * ROW, height: ROW - 3 }));
      for (const [name, rows] of [
        ['visible lanes', places],
        ['all lanes', all],
      ] as const) {
        const height = rows.length * ROW;
        const pixels = new Uint32Array(WIDTH * height);
        const paint = {
          colours: new Uint32Array(tracks.start.length).fill(0xff00ff00),
          failure: 1,
          background: 0,
          runningEdge: 2,
        };
        const frames: number[] = [];
        let range = fitRange(tracks.extent);
        for (let i = 0; i < 240; i++) {
          range =
            i % 2 === 0
              ? zoomAt(range, (range.from + range.to) / 2, i < 120 ? 0.9 : 1 / 0.9, tracks.extent)
              : panBy(range, (range.to - range.from) * 0.02, tracks.extent);
          const begun = performance.now();
          pixels.fill(0);
          paintTracks(tracks, rows, range, paint, pixels, WIDTH);
          frames.push(performance.now() - begun);
        }
        say(`paint ${count} ${name} p95`, quantile(frames, 0.95), 'ms', 16);
      }
    }
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
