import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createDirectAnswers } from '../../../../lib/server/http/direct-answers.ts';

it('is made once for all who ask within 100 ms, then anew', async () => {
  let made = 0;
  const { of } = createDirectAnswers(new Map([['/api/health', async () => ({ made: ++made })]]));
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => of('/api/health')));
  expect(new Set(answers.map(String))).toEqual(new Set(['{"made":1}']));
  await sleep(120);
  expect(String(await of('/api/health'))).toBe('{"made":2}');
  expect(of('/api/jobs')).toBeNull();
});

it('a failure is not given out again', async () => {
  let fails = true;
  const answer = async () => {
    if (fails) throw new Error('not now');
    return { status: 'ok' };
  };
  const { of } = createDirectAnswers(new Map([['/api/health', answer]]));
  await expect(of('/api/health')).rejects.toThrow('not now');
  fails = false;
  expect(String(await of('/api/health'))).toBe('{"status":"ok"}');
});
