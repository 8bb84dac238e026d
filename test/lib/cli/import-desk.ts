/** A running X-Ray and a folder for files, for tests of `xray import` as a child process. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ImportReport, type ImportReportWire } from '../../../lib/contract/cli.ts';
import type { Runtime } from '../../../lib/server/runtime/runtime.ts';
import { openTestRuntime } from '../../support/open-runtime.ts';
import { openRouteFront, type RouteFront } from './route-front.ts';
import { root, runXray } from './run-xray.ts';

export const RAY = 'test/fixtures/ray/2.58.0';
export const TORCH = 'test/fixtures/torch/2.15.0/otlp-steps';
export const fixture = (path: string): Buffer => readFileSync(join(root, path));

export interface ImportDesk {
  readonly runtime: Runtime;
  readonly front: RouteFront;
  readonly folder: string;
  /** `xray import --json`, its answer checked against the contract. */
  readonly importJson: (
    args: readonly string[],
    input?: Buffer,
  ) => Promise<{ readonly code: number | null; readonly report: ImportReportWire; readonly stderr: string }>;
  /** A file in the folder; its path. */
  readonly write: (name: string, content: string | Buffer) => string;
  readonly close: () => Promise<void>;
}

export async function openImportDesk(environment: Readonly<Record<string, string>> = {}): Promise<ImportDesk> {
  const runtime = await openTestRuntime(environment);
  const front = await openRouteFront(runtime);
  const folder = mkdtempSync(join(tmpdir(), 'xray-import-'));
  return {
    runtime,
    front,
    folder,
    async importJson(args, input) {
      const ran = await runXray(['import', '--json', '--xray', front.url, ...args], input ? { input } : {});
      const parsed: unknown = JSON.parse(ran.stdout);
      return { code: ran.code, report: z.strictObject(ImportReport.shape).parse(parsed), stderr: ran.stderr };
    },
    write(name, content) {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    },
    async close() {
      await front.close();
      await runtime.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
