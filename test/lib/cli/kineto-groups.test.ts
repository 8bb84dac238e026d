/** Process groups as events name them, of which an import keeps each once (lib/cli/import/kineto/group-names.ts). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { GroupNames } from '../../../lib/cli/import/kineto/group-names.ts';
import { kinetoFacts } from '../../../lib/cli/import/kineto/import-kineto.ts';
import { operationsOf, syntheticTrace } from './synthetic-traces.ts';

const folder = mkdtempSync(join(tmpdir(), 'xray-groups-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('all operations of a group, in all files, share one list of its ranks', async () => {
  const groups = new GroupNames();
  const group = { name: '7', description: 'dp', ranks: '[0, 1, ..., 1023]', size: 1024 };
  const args = { 'Global rank start': 0, 'Global rank stride': 1 };
  const lists = new Set<readonly number[] | null | undefined>();
  for (const rank of [0, 1]) {
    const path = join(folder, `${rank}.json`);
    const operations = operationsOf(20, rank, { name: 'allreduce', group, args });
    writeFileSync(path, syntheticTrace({ rank, operations }));
    const { collectives } = await kinetoFacts(path, false, groups);
    expect(collectives).toHaveLength(20);
    for (const one of collectives) lists.add(one.group?.ranks);
  }
  expect([...lists].map((ranks) => [ranks?.length, ranks?.at(-1)])).toEqual([[1024, 1023]]);
});

it('groups that claim to be larger than any machine have no list of ranks, one by one and together', () => {
  const groups = new GroupNames();
  const of = (size: number, start: number) =>
    groups.of({ 'Process Group Name': 'x', 'Group size': size, 'Global rank start': start, 'Global rank stride': 1 });
  expect(of(1_000_000, 0)).toMatchObject({ size: 1_000_000, ranks: null });
  let kept = 0;
  for (let start = 0; start < 200; start++) kept += of(100_000, start)?.ranks?.length ?? 0;
  expect(kept).toBeGreaterThan(1_000_000);
  expect(kept).toBeLessThan(5_000_000);
});
