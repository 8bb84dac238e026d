/** Closing the engine in process while queries run: it waits for them, aborted ones too, and the process lives. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import type { Query } from '../../../lib/store/engine.ts';
import { openEngine } from '../../../lib/store/open-engine.ts';

const slow: Query<{ n: string }> = {
  name: 'slow',
  sql: 'SELECT count() AS n FROM numbers(8000000) WHERE sipHash64(number) % 7 = 0',
  row: z.object({ n: z.string() }),
};

it('an aborted query rejects at once, and close waits for what still runs', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'xray-close-'));
  const engine = await openEngine(directory, null);
  const abort = new AbortController();
  const given = engine.select(slow, {}, { signal: abort.signal });
  let finished = false;
  const kept = engine.select(slow).then((rows) => {
    finished = true;
    return rows;
  });
  setTimeout(() => abort.abort(new Error('the reader has gone')), 1);
  await expect(given).rejects.toMatchObject({ code: 'store-cancelled' });
  expect(finished).toBe(false);
  await engine.close();
  expect(Number((await kept)[0]?.n)).toBeGreaterThan(0);
  rmSync(directory, { recursive: true, force: true });
}, 60_000);
