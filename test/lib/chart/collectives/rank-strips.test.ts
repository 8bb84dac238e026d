/** Rows of ranks as text: levels, gaps, order and words. */
import { describe, expect, it } from 'vitest';
import { lateRankSentence } from '../../../../lib/chart/collectives/late-rank-sentence.ts';
import {
  LEVELS,
  levelColour,
  prepareRankStrips,
  type StripRank,
  stripAt,
  stripRowHeight,
} from '../../../../lib/chart/collectives/rank-strips.ts';

const rank = (number: string, times: readonly (number | null)[], more: Partial<StripRank> = {}): StripRank => ({
  rank: number,
  globalRank: null,
  host: 'node-0',
  gpu: `GPU${number}`,
  execTimeUs: times,
  meanExecTimeUs: 100,
  meanWaitUs: 60,
  meanTransferUs: 40,
  lastShare: 0.1,
  isLate: false,
  ...more,
});
const grid = { startMs: 0, stepMs: 1000, count: 4 };
/** `.` gap, `_` shortest, `#` longest, `-` between. */
const picture = (levels: Int8Array) =>
  [...levels].map((level) => (level < 0 ? '.' : level === 0 ? '_' : level === LEVELS - 1 ? '#' : '-')).join('');

describe('rank strips', () => {
  it('keep gaps, and set the late rank apart', () => {
    const model = prepareRankStrips(
      [
        rank('3', [10, 10, null, 10], { isLate: true, meanExecTimeUs: 10, meanWaitUs: 0, meanTransferUs: 10 }),
        rank('0', [1000, 100, null, 1000]),
      ],
      grid,
    );
    expect(model.rows.map((row) => `${row.label.trim()} |${picture(row.levels)}|`)).toEqual([
      '3  node-0 GPU3 |__._|',
      '0  node-0 GPU0 |#-.#|',
    ]);
    expect(model.range).toEqual({ minUs: 10, maxUs: 1000 });
    expect([model.rows[0]?.transfer, model.rows[1]?.transfer, model.rows[1]?.wait]).toEqual([0.1, 0.4, 0.6]);
    expect(model.rows[0]?.text).toBe(
      'rank 3 on node-0 GPU3, inside for 10 µs, waits 0 µs, last in 10 %, late beyond noise',
    );
  });

  it('scale to a thousand ranks, and to none', () => {
    const many = Array.from({ length: 1024 }, (_, i) => rank(String(i), [1, 2, 3, 4]));
    const model = prepareRankStrips(many, grid);
    expect(model.rows.length * model.rowHeight).toBeLessThanOrEqual(4096);
    expect(model.labelled).toBe(false);
    expect([stripRowHeight(16), stripRowHeight(100), stripRowHeight(512)]).toEqual([20, 14, 6]);
    expect([stripAt(model, 0), stripAt(model, 4095), stripAt(model, 4096), stripAt(model, -1)]).toEqual([
      0, 1023, -1, -1,
    ]);
    expect(prepareRankStrips([], grid)).toMatchObject({ rows: [], range: null });
    expect([levelColour(0), levelColour(LEVELS - 1)]).toEqual(['#00224e', '#fee838']);
  });
});

describe('the verdict as a sentence', () => {
  const late = {
    rank: '11',
    globalRank: null,
    host: 'sim-node-1',
    gpu: 'GPU3',
    latenessNs: '4100000',
    share: 0.93,
    of: 'operations',
    sinceNs: '1795528107944316000',
  } as const;
  const slow = { sinceNs: late.sinceNs, collective: 'AllReduce', usual: 341.2, now: 140.9, ratio: 0.413, share: 1 };
  const now = 1795530000000;
  it.each([
    [
      { verdict: 'late-rank', reason: null, lateRank: late, lateHost: null, slowTransfer: null },
      'Rank 11 on sim-node-1 GPU3 arrives last in 93 % of AllReduce operations since 13:48 UTC; the others wait 4.1 ms for it: it is the rank, not the network.',
    ],
    [
      {
        verdict: 'late-rank',
        reason: null,
        lateRank: { ...late, rank: 'sim-node-1/GPU3', of: 'intervals', sinceNs: null },
        lateHost: null,
        slowTransfer: null,
      },
      'GPU3 on sim-node-1 arrives last in 93 % of dump intervals of AllReduce; the others wait 4.1 ms for it: it is the rank, not the network.',
    ],
    [
      { verdict: 'no-late-rank', reason: null, lateRank: null, lateHost: null, slowTransfer: null },
      'No rank is late beyond noise.',
    ],
    [
      {
        verdict: 'late-host',
        reason: null,
        lateRank: null,
        lateHost: { host: 'sim-node-3', ranks: 8, latenessNs: '250000000', share: 1, of: 'operations', sinceNs: null },
        slowTransfer: null,
      },
      'All 8 ranks on sim-node-3 arrive late together, last in 100 % of AllReduce operations; the others wait 250 ms for them: it is the host (its data, CPUs or storage), not one GPU and not the network.',
    ],
    [
      { verdict: 'late-rank', reason: null, lateRank: late, lateHost: null, slowTransfer: slow },
      'Rank 11 on sim-node-1 GPU3 arrives last in 93 % of AllReduce operations since 13:48 UTC; the others wait 4.1 ms for it. AllReduce moves 141 of its usual 341 GB/s (41 %) since 13:48 UTC, even for the rank that waits least: the transfer itself got slower.',
    ],
    [
      {
        verdict: 'cannot-tell',
        reason: 'Only 3 of 4 ranks report.',
        lateRank: null,
        lateHost: null,
        slowTransfer: null,
      },
      'Whether a rank is late cannot be told. Only 3 of 4 ranks report.',
    ],
  ] as const)('%#', (verdict, sentence) => {
    expect(lateRankSentence({ ...verdict, badPorts: [], standstill: null }, 'AllReduce', now)).toBe(sentence);
  });

  it('of a slow transfer names the ports of its hosts that are slow or lossy', () => {
    const verdict = {
      verdict: 'no-late-rank',
      reason: null,
      lateRank: null,
      lateHost: null,
      slowTransfer: slow,
    } as const;
    const port = { host: 'sim-node-6', device: 'mlx5_6', rateGBs: 25, fullRateGBs: 50, errorsPerSecond: null };
    const lossy = { ...port, device: 'mlx5_1', rateGBs: null, fullRateGBs: null, errorsPerSecond: 40.2 };
    const message = lateRankSentence({ ...verdict, badPorts: [port, lossy, port], standstill: null }, 'AllReduce', now);
    expect(message).toMatch(
      / Port mlx5_6 of sim-node-6 runs at 25 of 50 GB\/s\. Port mlx5_1 of sim-node-6 receives 40 damaged packets a second\. 1 more of its hosts' ports are bad/,
    );
  });

  it('of what stands still says nothing else: since when, and who never joined', () => {
    const verdict = {
      verdict: 'late-rank',
      reason: null,
      lateRank: late,
      lateHost: null,
      slowTransfer: slow,
      badPorts: [],
    } as const;
    const still = { sinceNs: late.sinceNs, usualGapNs: '10002000000', silent: [{ ...late, lastSpanNs: late.sinceNs }] };
    expect(lateRankSentence({ ...verdict, standstill: still }, 'AllReduce', now)).toBe(
      'No operation has ended since 13:48 UTC, though its ranks still run; usually one ends every 10 s. Rank 11 on sim-node-1 GPU3 sent the last span before all others did: they came as far as the operation that waits for it.',
    );
    expect(lateRankSentence({ ...verdict, standstill: { ...still, silent: [] } }, 'AllReduce', now)).toBe(
      'No operation has ended since 13:48 UTC, though its ranks still run; usually one ends every 10 s. No rank fell silent before the others.',
    );
  });
});
