import { describe, expect, it } from 'vitest';
import { hitRanges, logLevel, matchLines, splitHits } from '../../../../lib/chart/format/log-lines.ts';

const LINES = ['step 1 loss 2.4', 'WARNING slow rank', 'Error: step failed', 'done'];

describe('searching a log', () => {
  it('counts hits and the lines they are in, without regard to case', () => {
    expect(matchLines(LINES, 'STEP')).toEqual({ lines: [0, 2], hits: 2 });
    expect(matchLines(LINES, 'O')).toEqual({ lines: [0, 1, 2, 3], hits: 4 });
    expect(matchLines(LINES, '')).toEqual({ lines: [], hits: 0 });
  });

  it.each([
    ['a step, a step', 'step', 'a [step], a [step]'],
    ['aaaa', 'aa', '[aa][aa]'],
    ['none', 'x', 'none'],
    ['', 'x', ''],
    ['a.c abc', '.', 'a[.]c abc'],
    ['İstanbul error', 'error', 'İstanbul [error]'],
  ])('%j for %j', (line, question, picture) => {
    const drawn = splitHits(line, question)
      .map((piece) => (piece.hit ? `[${piece.text}]` : piece.text))
      .join('');
    expect(drawn).toBe(picture);
    for (const [start, end] of hitRanges(line, question)) expect(end - start).toBe(question.length);
  });

  it.each([
    ['2026-11-23 20:38:00,855\tINFO job_manager.py:583 -- Runtime env is setting up.', 'plain'],
    ['2026-11-23 20:38:00,855\tWARNING worker.py -- slow', 'warn'],
    ['Traceback (most recent call last):', 'bad'],
    ['ValueError: bad record', 'bad'],
    ['ray.exceptions.RayTaskError: no', 'bad'],
    ['0 errors', 'plain'],
  ])('%j is %s', (line, level) => expect(logLevel(line)).toBe(level));
});
