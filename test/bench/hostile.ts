/**
 * Hostile inputs against the production server, each against a server of its own: per case the worst answer of `/api/health` (asked
 * every 100 ms from another process), the most that was resident, and the time until the server works as before. All synthetic,
 * on loopback. `XRAY_BENCH_HOSTILE=parser-hog,liar-many-series` runs these cases only, `XRAY_BENCH_HOSTILE=liar` all that begin so.
 */
import type { Report } from './figure.ts';
import { accessCases } from './hostile/access-cases.ts';
import { bodyCases } from './hostile/body-cases.ts';
import type { Case } from './hostile/case.ts';
import { connectionCases } from './hostile/connection-cases.ts';
import { scaleCases } from './hostile/scale-cases.ts';
import { type Liar, sourceCases, startLiar } from './hostile/source-cases.ts';
import { startTarget } from './hostile/target.ts';

const CASES: readonly Case[] = [...accessCases, ...bodyCases, ...connectionCases, ...scaleCases, ...sourceCases];
/** What has not recovered by then is reported as this many seconds. */
const RECOVERY_LIMIT_S = 60;

function chosen(): readonly Case[] {
  const names = (process.env.XRAY_BENCH_HOSTILE ?? '').split(',').filter((name) => name !== '');
  const meant = (name: string) => CASES.filter((one) => one.name === name || one.name.startsWith(`${name}-`));
  const unknown = names.filter((name) => meant(name).length === 0);
  if (unknown.length > 0)
    throw new Error(`unknown case ${unknown.join(', ')}; there are: ${CASES.map(({ name }) => name).join(', ')}`);
  return names.length === 0 ? CASES : [...new Set(names.flatMap(meant))];
}

async function runCase(one: Case, liar: Liar, report: Report): Promise<void> {
  const began = performance.now();
  if (one.liar !== undefined) await liar.lie(one.liar);
  const target = await startTarget(one.environment?.(liar.url) ?? {});
  const say = (figure: string, value: number, unit: string) =>
    report({ suite: 'hostile', figure: `${figure} ${one.name}`, value, unit });
  try {
    // What the start costs is no fault of the case.
    await target.recovered(RECOVERY_LIMIT_S);
    await target.probe.figures('reset');
    target.forgetPeak();
    const more = await one.attack(target);
    const recovery = await target.recovered(RECOVERY_LIMIT_S);
    const { worstMs, asked, failed } = await target.probe.figures();
    say('health-lag', worstMs, 'ms');
    say('health-failed', failed, '1');
    say('resident', target.isAlive() ? target.peakResidentMiB() : Number.POSITIVE_INFINITY, 'MiB');
    say('recover', recovery, 's');
    say('crashed', target.isAlive() ? 0 : 1, '1');
    for (const [figure, [value, unit]] of Object.entries(more ?? {})) say(figure, value, unit);
    process.stderr.write(`${one.name}: ${asked} looks, ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
  } finally {
    await target.close();
  }
}

export async function run(report: Report): Promise<void> {
  const cases = chosen();
  const liar = await startLiar();
  try {
    for (const one of cases) await runCase(one, liar, report);
  } finally {
    liar.close();
  }
}
