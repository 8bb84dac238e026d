import { expect, it } from 'vitest';
import { paletteScore } from '../../../components/shell/palette-score.ts';

it.each([
  ['action switch theme dark light', 'theme', 1],
  ['alert GpuThermalThrottle GPU 3 is throttled', 'theme', 0],
  ['job raysubmit_sim_train 03000000', 'train 0300', 1],
  ['job raysubmit_sim_train 03000000', '3000', 0.5],
  ['page jobs', '', 1],
])('%s for "%s" is %d', (value, typed, score) => {
  expect(paletteScore(value, typed)).toBe(score);
});
