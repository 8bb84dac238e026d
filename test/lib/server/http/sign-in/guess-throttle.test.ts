import { expect, it } from 'vitest';
import { createGuessThrottle } from '../../../../../lib/server/http/sign-in/guess-throttle.ts';

function throttleAt(limits: Partial<Parameters<typeof createGuessThrottle>[0]> = {}) {
  const clock = { ms: 1_000 };
  const throttle = createGuessThrottle(
    { windowMs: 60_000, perAddress: 3, global: 100, provedTimes: 10, mostAddresses: 1000, ...limits },
    () => clock.ms,
  );
  return { throttle, clock };
}

it('makes an address wait until its window ends', () => {
  const { throttle, clock } = throttleAt();
  for (let i = 0; i < 3; i++) {
    expect(throttle.waitS('a')).toBe(0);
    throttle.wrong('a');
  }
  expect(throttle.waitS('a')).toBe(60);
  clock.ms += 45_500;
  expect(throttle.waitS('a')).toBe(15);
  expect(throttle.waitS('b')).toBe(0);
  clock.ms += 14_500;
  expect(throttle.waitS('a')).toBe(0);
});

it('leaves one try to each address where all together guess too much, and locks out nobody who did not guess', () => {
  const { throttle } = throttleAt({ global: 10 });
  for (let i = 0; i < 10; i++) throttle.wrong(`guesser-${i}`);
  throttle.wrong('late');
  expect(throttle.waitS('late')).toBeGreaterThan(0);
  expect(throttle.waitS('honest')).toBe(0);
});

it('hears ten times as much of an address that proved the token', () => {
  const { throttle } = throttleAt();
  throttle.right('proxy');
  for (let i = 0; i < 29; i++) throttle.wrong('proxy');
  expect(throttle.waitS('proxy')).toBe(0);
  throttle.wrong('proxy');
  expect(throttle.waitS('proxy')).toBeGreaterThan(0);
});

it('remembers a bounded number of addresses, and is strict where they are more', () => {
  const { throttle, clock } = throttleAt({ mostAddresses: 50, global: 1e9 });
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 200_000; i++) throttle.wrong(`address-${i}`);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(50e6);
  expect(throttle.waitS('address-199999')).toBeGreaterThan(0);
  expect(throttle.waitS('somebody-else')).toBe(0);
  clock.ms += 60_001;
  throttle.wrong('later');
  expect(throttle.waitS('later')).toBe(0);
});
