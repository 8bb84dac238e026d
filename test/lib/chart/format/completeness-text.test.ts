import { describe, expect, it } from 'vitest';
import { completenessLines } from '../../../../lib/chart/format/completeness-text.ts';

const whole = { source: 'events', reported: null, stored: 120, dropped: null, truncated: false, reason: null };
const shown = { attempts: 120, limited: false, neverRan: 0, tooDeep: 0 };

describe('completeness in words', () => {
  it('says so where nothing is missing', () => {
    expect(completenessLines(whole, shown)).toEqual([
      { tone: 'ok', text: 'All 120 attempts that X-Ray knows are here (events); nothing was dropped or truncated.' },
    ]);
  });
  it('says by whom, and how many', () => {
    const lines = completenessLines(
      {
        ...whole,
        source: 'state-api',
        reported: 12_020,
        stored: 10_000,
        dropped: 7,
        truncated: true,
        reason: 'the State API gives 10,000',
      },
      { attempts: 10_000, limited: true, neverRan: 1, tooDeep: 12 },
    );
    expect(lines.map(({ tone, text }) => `${tone} ${text.slice(0, 40)}`)).toEqual([
      "bad X-Ray's row limit cut this answer: the f",
      'bad Ray dropped 7 task events before X-Ray c',
      'bad Truncated by the source (state-api): the',
      'warn The source reports 12,020 attempts, X-Ra',
      'warn 12 attempts overlap more than 256 deep o',
      'quiet 1 attempt never reached a worker and hav',
    ]);
  });
});
