/**
 * Retention's clock against clocks of machines that go wrong. Real time is what passes; the system's clock is what it says.
 *
 *   retention  ----1---2---3----          goes on with real time
 *   system     ----1---2---------403-     jumps: not believed
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { advanceClock, CREDIT_MS, confirmClock, startClock } from '../../../lib/store/retention-clock.ts';
import type { ClockState } from '../../../lib/store/store-state.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const KEEP = 90 * DAY;
const T0 = Date.UTC(2026, 10, 30);
const start = (): ClockState => startClock(T0, T0);

it('follows a clock that is right', () => {
  let clock = start();
  for (let hour = 1; hour <= 48; hour++) clock = advanceClock(clock, T0 + hour * HOUR, HOUR, KEEP);
  expect(clock).toMatchObject({ time: T0 + 48 * HOUR, ahead: null, behind: null, behindPeriods: [] });
});

it('does not believe a jump of 400 days, while X-Ray runs or while it is off, until that is confirmed', () => {
  const jumped = T0 + 400 * DAY;
  for (const elapsed of [0, 15_000]) {
    let clock = advanceClock(start(), jumped, elapsed, KEEP);
    expect(clock).toMatchObject({ time: T0 + elapsed, ahead: jumped });
    // A week later it still waits, and has gone on with what really passed.
    clock = advanceClock(clock, jumped + 7 * DAY, 7 * DAY, KEEP);
    expect(clock).toMatchObject({ time: T0 + elapsed + 7 * DAY, ahead: jumped + 7 * DAY });
    expect(confirmClock(clock, jumped + 7 * DAY)).toMatchObject({ time: jumped + 7 * DAY, ahead: null });
    // Or somebody sets the clock right again.
    expect(advanceClock(clock, T0 + 8 * DAY, DAY, KEEP)).toMatchObject({ ahead: null, time: T0 + elapsed + 8 * DAY });
  }
  expect(startClock(jumped, T0)).toMatchObject({ time: T0, ahead: jumped });
  expect(startClock(jumped, null)).toMatchObject({ time: jumped, ahead: null });
});

it('a machine that is off every night, or for a long weekend, is never asked', () => {
  let clock = start();
  let wall = T0;
  for (let day = 0; day < 200; day++) {
    for (let hour = 0; hour < 2; hour++) {
      wall += HOUR;
      clock = advanceClock(clock, wall, HOUR, KEEP);
    }
    wall += 22 * HOUR;
    clock = advanceClock(clock, wall, 0, KEEP);
    expect(clock).toMatchObject({ time: wall, ahead: null });
  }
  clock = advanceClock(clock, wall + 5 * DAY, 0, KEEP);
  expect(clock.ahead).toBeNull();
});

it('many jumps below the bound do not add up', () => {
  let clock = start();
  for (let i = 1; i <= 100; i++) clock = advanceClock(clock, T0 + i * 6 * DAY, 15_000, KEEP);
  expect(clock.time - T0).toBeLessThan(CREDIT_MS + DAY);
  expect(clock.ahead).not.toBeNull();
});

it('a clock that goes back stops nothing, and rows stored then are remembered', () => {
  const wrong = T0 - 400 * DAY;
  let clock = advanceClock(start(), wrong, 15_000, KEEP);
  for (let i = 2; i <= 5; i++) clock = advanceClock(clock, wrong + (i - 1) * 15_000, 15_000, KEEP);
  expect(clock).toMatchObject({ time: T0 + 75_000, behind: wrong + 60_000 });
  expect(clock.behindPeriods).toHaveLength(1);
  const [period] = clock.behindPeriods;
  expect(period?.from).toBeLessThanOrEqual(wrong - 15_000);
  expect(period?.to).toBeGreaterThanOrEqual(wrong + 60_000);
  clock = advanceClock(clock, T0 + 90_000, 15_000, KEEP);
  expect(clock).toMatchObject({ behind: null, behindPeriods: [period] });
  expect(advanceClock(clock, T0 + KEEP + DAY, KEEP + DAY, KEEP).behindPeriods).toEqual([]);
});

it('never goes back, and never further than real time and the credit, whatever the system clock does', () => {
  const look = fc.record({ wall: fc.integer({ min: 0, max: T0 * 3 }), elapsed: fc.integer({ min: 0, max: HOUR }) });
  fc.assert(
    fc.property(fc.array(look, { maxLength: 60 }), (looks) => {
      let clock = start();
      let real = 0;
      for (const { wall, elapsed } of looks) {
        const next = advanceClock(clock, wall, elapsed, KEEP);
        expect(next.time).toBeGreaterThanOrEqual(clock.time);
        real += elapsed;
        expect(next.time - T0).toBeLessThanOrEqual(real + CREDIT_MS + 24 * real);
        clock = next;
      }
    }),
    { seed: 15 },
  );
});
