/** The shipped rules, held by Prometheus' own tool: they parse, fire when they should, and stay quiet when they should. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../../../..');
const promtool = (...args: string[]): string =>
  execFileSync('promtool', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

it('are rules', () => {
  expect(promtool('check', 'rules', 'lib/server/rules/xray.rules.yml')).toMatch(/SUCCESS: \d+ rules found/);
});

it('fire on what they name, and not on noise', () => {
  expect(promtool('test', 'rules', 'test/lib/server/rules/xray.rules.test.yml')).toContain('SUCCESS');
});
