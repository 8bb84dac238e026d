/** The command line itself: help that teaches, errors that say what was meant, what doctor finds. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { upEnvironment } from '../../../lib/cli/up-command.ts';
import { DoctorReport, type DoctorReportWire } from '../../../lib/contract/cli.ts';
import type { Runtime } from '../../../lib/server/runtime/runtime.ts';
import { openTestRuntime } from '../../support/open-runtime.ts';
import { openRouteFront, type RouteFront } from './route-front.ts';
import { runXray } from './run-xray.ts';

// Each command is a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let runtime: Runtime;
let front: RouteFront;
let folder = '';
beforeAll(async () => {
  runtime = await openTestRuntime();
  front = await openRouteFront(runtime);
  folder = mkdtempSync(join(tmpdir(), 'xray-doctor-'));
});
afterAll(async () => {
  await front.close();
  await runtime.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('help', () => {
  it.each(['up', 'doctor', 'import', 'open'])('%s --help teaches with examples', async (command) => {
    const ran = await runXray([command, '--help']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain('Examples\n');
    expect(ran.stdout.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });

  it('without a command it says what there is, and ends with 2', async () => {
    expect(await runXray([])).toMatchObject({ code: 2, stdout: expect.stringContaining('xray import PATH...') });
    expect(await runXray(['--help'])).toMatchObject({ code: 0 });
  });

  it('says its version', async () => {
    expect((await runXray(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a wrong line', () => {
  it.each([
    [['improt'], 'there is no command "improt": did you mean import?'],
    [['frobnicate'], 'commands are up, doctor, import, open'],
    [['import', '--jsno'], 'import has no option --jsno: did you mean --json?'],
    [['import'], 'import needs at least one path'],
    [['import', '--cluster'], '--cluster needs a value'],
    [['doctor', '--json=yes'], '--json takes no value'],
    [['doctor', 'now'], 'doctor does not take "now"'],
    [['open', 'alrts'], 'there is no page "alrts": did you mean alerts?'],
    [['up', '--port', 'many'], '--port is "many"'],
    [['up', '--demo', '--no-demo'], '--demo and --no-demo exclude each other'],
    [['import', 'x', '--xray', 'nowhere'], '"nowhere" is not an address'],
  ])('%j is told in a sentence, and ends with 2', async (args, text) => {
    const ran = await runXray(args);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(text);
    expect(ran.stderr).not.toContain('    at ');
  });
});

describe('open', () => {
  it('prints the address of a page', async () => {
    const ran = await runXray(['open', 'jobs/02000000/timeline', '--xray', front.url], { env: { DISPLAY: '' } });
    expect(ran).toMatchObject({ code: 0, stdout: `${front.url}/jobs/02000000/timeline\n` });
  });
});

describe('up', () => {
  it('means environment variables, and leaves alone what was not given', () => {
    expect(
      upEnvironment({ port: '8080', host: '0.0.0.0', dataDirectory: 'data', demo: false, dev: false }, '/srv'),
    ).toEqual({ PORT: '8080', HOST: '0.0.0.0', XRAY_DATA_DIR: '/srv/data', XRAY_DEMO: '0' });
    const nothing = { port: undefined, host: undefined, dataDirectory: undefined, demo: undefined, dev: false };
    expect(upEnvironment(nothing, '/srv')).toEqual({});
  });
});

async function doctor(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; report: DoctorReportWire }> {
  const ran = await runXray(['doctor', '--json', ...args], { env });
  return { code: ran.code, report: z.strictObject(DoctorReport.shape).parse(JSON.parse(ran.stdout)) };
}

const check = (report: DoctorReportWire, id: string) => report.checks.find((each) => each.id === id);

describe('doctor', () => {
  it('finds nothing failing where X-Ray runs, and tells of each source', async () => {
    const { code, report } = await doctor(['--xray', front.url, '--data-dir', folder]);
    expect({ code, failing: report.checks.filter((each) => each.state === 'fail') }).toEqual({ code: 0, failing: [] });
    expect(report.ok).toBe(true);
    const ids = report.checks.map((each) => each.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of [
      'node',
      'dependencies',
      'build',
      'data-directory',
      'disk-space',
      'prometheus',
      'chromium',
      'port',
    ])
      expect(ids).toContain(id);
    expect(check(report, 'xray')).toMatchObject({ state: 'ok' });
    expect(check(report, 'source:ingest:ray-events')?.whatToDo).toContain('/v1/events');
    expect(check(report, 'clock')).toMatchObject({ state: 'ok' });
  });

  it('says that nothing answers, and ends with 1', async () => {
    const { code, report } = await doctor(['--xray', 'http://127.0.0.1:9', '--data-dir', folder]);
    expect({ code, ok: report.ok }).toEqual({ code: 1, ok: false });
    expect(check(report, 'xray')).toMatchObject({ state: 'fail', whatToDo: expect.stringContaining('npm start') });
    expect(check(report, 'port')).toMatchObject({ state: 'ok', message: '9 is free' });
  });

  it('says that another program has the port', async () => {
    const other = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('hello\n', () => socket.destroy());
    });
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const address = other.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const { report } = await doctor(['--data-dir', folder], { PORT: String(port) });
    expect(check(report, 'port')).toMatchObject({ state: 'fail', message: `${port} is in use by another program` });
    other.close();
  });

  it('says who has the data directory, and where there is none to have', async () => {
    writeFileSync(join(folder, 'xray.lock'), `${process.pid} 1`);
    const held = await doctor(['--xray', front.url, '--data-dir', folder]);
    expect(check(held.report, 'data-directory')?.message).toContain(`in use by X-Ray with pid ${process.pid}`);
    writeFileSync(join(folder, 'xray.lock'), '999999999 1');
    const killed = await doctor(['--xray', front.url, '--data-dir', folder]);
    expect(check(killed.report, 'data-directory')).toMatchObject({
      state: 'ok',
      message: expect.stringContaining('was killed there'),
    });
    const file = await doctor(['--xray', front.url, '--data-dir', join(folder, 'xray.lock')]);
    expect(check(file.report, 'data-directory')).toMatchObject({ state: 'fail' });
  });

  it('fails where the configured Ray does not answer', async () => {
    const { code, report } = await doctor(['--xray', front.url, '--data-dir', folder], {
      RAY_DASHBOARD_URL: 'http://127.0.0.1:9',
    });
    expect(code).toBe(1);
    expect(check(report, 'ray')).toMatchObject({
      state: 'fail',
      whatToDo: expect.stringContaining('RAY_DASHBOARD_URL'),
    });
  });

  it('tells people what to do, in lines', async () => {
    const ran = await runXray(['doctor', '--xray', 'http://127.0.0.1:9', '--data-dir', folder]);
    expect(ran.stdout).toMatch(/^fail {2}xray +X-Ray does not answer/m);
    expect(ran.stdout).toMatch(/^ +-> start it with `npm start`/m);
    expect(ran.stdout).toMatch(/\d+ of \d+ checks fail\n$/);
  });
});
