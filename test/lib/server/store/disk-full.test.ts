/**
 * A disk that fills under ingest, three times on one store: what cannot be stored is answered 503 with the reason, everything that
 * was acknowledged is there, and X-Ray goes on by itself when there is room. One that is full, or read-only, at a start is one
 * sentence. The disk is a small tmpfs in a mount namespace of the server's own, so that it needs no rights on this machine.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, it } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'xray-disk-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const script = new URL('../../../run/ingest-server.ts', import.meta.url).pathname;
const isRoot = process.getuid?.() === 0;

function body(from: number, count: number): string {
  const spans = Array.from({ length: count }, (_, i) => ({
    traceId: (from + i).toString(16).padStart(32, 'a'),
    spanId: (from + i).toString(16).padStart(16, 'b'),
    name: 'synthetic.full',
    startTimeUnixNano: '1795469322000000000',
    endTimeUnixNano: '1795469322000001000',
  }));
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
}

it('three full disks', async () => {
  const server = spawn(
    'unshare',
    [
      isRoot ? '-m' : '-rm',
      'sh',
      '-c',
      `mount -t tmpfs -o size=220m tmpfs ${directory} && exec ${process.execPath} ${script}`,
    ],
    { env: { ...process.env, XRAY_DATA_DIR: join(directory, 'data') }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let errors = '';
  server.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const exit = once(server, 'exit');
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(server.stdout).on('line', (line) => {
      const ready = /^ready (\d+)$/.exec(line);
      if (ready) resolve(Number(ready[1]));
    });
    void exit.then(() => reject(new Error(errors)));
  });
  const inside = (...command: string[]) =>
    spawnSync('nsenter', [
      `--mount=/proc/${server.pid}/ns/mnt`,
      ...(isRoot ? [] : [`--user=/proc/${server.pid}/ns/user`, '--preserve-credentials']),
      ...command,
    ]);
  const post = async (from: number): Promise<{ status: number; text: string; again: string | null }> => {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: body(from, 50),
    });
    return { status: answer.status, text: await answer.text(), again: answer.headers.get('retry-after') };
  };
  let acknowledged = 0;
  let next = 0;
  const send = async (): Promise<{ status: number; text: string; again: string | null }> => {
    const answer = await post(next);
    next += 50;
    if (answer.status === 200) acknowledged += 50;
    return answer;
  };
  const until = async (status: number): Promise<{ text: string; again: string | null }> => {
    for (let i = 0; i < 200; i++) {
      const answer = await send();
      if (answer.status === status) return answer;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`never answered ${status}\n${errors.slice(-2000)}`);
  };
  try {
    await until(200);
    for (let round = 0; round < 3; round++) {
      inside('dd', 'if=/dev/zero', `of=${directory}/fill`, 'bs=1M');
      const refused = await until(503);
      expect(refused.text).toMatch(/space|NOT_ENOUGH_SPACE|full/i);
      expect(refused.again).toBe('10');
      inside('rm', `${directory}/fill`);
      await until(200);
    }
    const figures = (await (await fetch(`http://127.0.0.1:${port}/spans`)).json()) as { spans: number };
    // What was refused may be there or not; what was acknowledged is.
    expect(figures.spans).toBeGreaterThanOrEqual(acknowledged);
    expect(acknowledged).toBeGreaterThanOrEqual(200);
  } finally {
    server.kill('SIGTERM');
    await exit;
  }
}, 120_000);

it.each([
  ['read-only', `mount -o remount,ro ${directory}`, /is on a file system that is read-only: mount it for writing/],
  [
    'full',
    `dd if=/dev/zero of=${directory}/fill bs=1M 2>/dev/null; true`,
    /the disk of the data directory .* is full: free some space/,
  ],
])(
  'a disk that is %s at the start is one sentence',
  (_, make, sentence) => {
    const data = join(directory, 'data');
    const steps = `mount -t tmpfs -o size=8m tmpfs ${directory} && mkdir -m 700 ${data} && ${make} && exec ${process.execPath} ${script}`;
    const ended = spawnSync('unshare', [isRoot ? '-m' : '-rm', 'sh', '-c', steps], {
      env: { ...process.env, XRAY_DATA_DIR: data },
      encoding: 'utf8',
    });
    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(sentence);
  },
  60_000,
);
