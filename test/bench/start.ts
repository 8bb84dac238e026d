/** `npm start` after installation: seconds from the command to the first page, the build included. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from './figure.ts';
import { freePort, root, untilAnswers } from './server.ts';

/** A build folder of its own: nothing of an earlier build is there. */
const OUTPUT = '.next-bench';

export async function run(report: Report): Promise<void> {
  rmSync(join(root, OUTPUT), { recursive: true, force: true });
  const data = mkdtempSync(join(tmpdir(), 'xray-start-'));
  const port = await freePort();
  const began = performance.now();
  const child = spawn(process.execPath, [join(root, 'lib/cli/start.mjs')], {
    cwd: root,
    env: { ...process.env, PORT: String(port), XRAY_DATA_DIR: data, XRAY_NEXT_DIST: OUTPUT, XRAY_DEMO: '1' },
    stdio: ['ignore', 2, 2],
  });
  const exit = once(child, 'exit');
  try {
    await untilAnswers(`http://127.0.0.1:${port}/`, child, 600);
    report({ suite: 'start', figure: 'first-page', value: (performance.now() - began) / 1000, unit: 's' });
  } finally {
    child.kill('SIGTERM');
    await exit;
    rmSync(join(root, OUTPUT), { recursive: true, force: true });
    rmSync(data, { recursive: true, force: true });
  }
}
