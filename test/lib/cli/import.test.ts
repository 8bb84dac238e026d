/** `xray import` as a child process: what it takes, of every kind, from recordings of real systems. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { listJobs } from '../../../lib/server/jobs/jobs.ts';
import { summariseTasks } from '../../../lib/server/jobs/tasks.ts';
import { recorded, truth } from '../../support/recordings.ts';
import { fixture, type ImportDesk, openImportDesk, RAY, TORCH } from './import-desk.ts';
import { runXray } from './run-xray.ts';

// Each command is a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let desk: ImportDesk;
beforeAll(async () => {
  desk = await openImportDesk();
});
afterAll(() => desk.close());

const Recorded = z.object({ recorded: z.object({ events: z.number(), spans: z.number() }) });

const storedSpans = async (): Promise<number> => {
  const [row] = await desk.runtime.engine.select({
    name: 'stored-spans',
    sql: 'SELECT count() AS spans FROM xray.otel_traces',
    row: z.object({ spans: z.coerce.number() }),
  });
  return row?.spans ?? 0;
};

describe('what it takes', () => {
  const counted = Recorded.parse(recorded('mixed', 'truth.json')).recorded;

  it('Ray events, one request body on each line, gzip: as many as were recorded, and their counts', async () => {
    const { code, report } = await desk.importJson([`${RAY}/oom/events/events.jsonl.gz`, '--cluster', 'training']);
    const { events } = Recorded.parse(recorded('oom', 'truth.json')).recorded;
    expect({ code, accepted: report.accepted, rejected: report.rejected }).toEqual({
      code: 0,
      accepted: events,
      rejected: 0,
    });
    expect(report.files[0]).toMatchObject({ kind: 'ray-events', rejects: [], reason: null });
    const expected = truth('oom').executions_per_job_and_function;
    for (const [jobId, functions] of Object.entries(expected)) {
      const summary = await summariseTasks(desk.runtime, { jobId, cluster: 'training' });
      for (const [name, ran] of Object.entries(functions))
        expect([name, summary.functions.find((row) => row.name === name)?.ran]).toEqual([name, ran]);
    }
  });

  it('Ray events, one on each line, and one list, by content whatever the name', async () => {
    const events = gunzipSync(fixture(`${RAY}/oom/events/events.jsonl.gz`))
      .toString()
      .trim()
      .split('\n')
      .flatMap((line): unknown[] => JSON.parse(line));
    const paths = [
      desk.write('lines.png', events.map((event) => JSON.stringify(event)).join('\n')),
      desk.write('list.csv', JSON.stringify(events)),
      desk.write('pretty', JSON.stringify(events, null, 2)),
    ];
    const { code, report } = await desk.importJson(paths);
    expect(code).toBe(0);
    expect(report.files.map((file) => [file.kind, file.accepted])).toEqual(
      paths.map(() => ['ray-events', events.length]),
    );
  });

  it('OTLP of a recorded Ray cluster: length-prefixed protobuf and JSON lines, all spans', async () => {
    const before = await storedSpans();
    const { code, report } = await desk.importJson([`${RAY}/mixed/otlp`]);
    expect(code).toBe(0);
    expect(report.files.map((file) => [file.kind, file.accepted])).toEqual([
      ['otlp-json', counted.spans],
      ['otlp-protobuf', counted.spans],
    ]);
    expect((await storedSpans()) - before).toBe(2 * counted.spans);
  });

  it('OTLP of a training run: single bodies, protobuf and JSON, gzip or not; other files are passed over', async () => {
    const { code, report } = await desk.importJson([TORCH]);
    const index = z
      .array(z.object({ body: z.string(), json: z.string(), spans: z.number() }))
      .parse(JSON.parse(fixture(`${TORCH}/index.json`).toString()));
    expect(code).toBe(0);
    for (const { body, json, spans } of index) {
      expect(report.files.find((file) => file.path.endsWith(`/${body}`))).toMatchObject({
        kind: 'otlp-protobuf',
        accepted: spans,
      });
      expect(report.files.find((file) => file.path.endsWith(`/${json}`))).toMatchObject({
        kind: 'otlp-json',
        accepted: spans,
      });
    }
    const others = report.files.filter((file) => file.kind === 'unknown');
    expect(others.map((file) => [file.path.split('/').pop(), file.ignored, file.rejected])).toEqual([
      ['PROVENANCE.md', 1, 0],
      ['index.json', 1, 0],
      ['truth.json', 1, 0],
    ]);
  });

  it.each([
    [`${RAY}/mixed/http/after/tasks_timeline.json.gz`, 'ray-timeline-a'],
    [`${RAY}/oom/timeline/ray_timeline_after.json`, 'ray-timeline-b'],
  ])('timeline %s, the same session at every import', async (path, kind) => {
    const bytes = fixture(path);
    const content = path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    const events: unknown[] = JSON.parse(content.toString());
    const name = createHash('sha256').update(content).digest('hex').slice(0, 16);
    const first = await desk.importJson([path]);
    const [file] = first.report.files;
    expect(file).toMatchObject({ kind, rejected: 0 });
    expect((file?.accepted ?? 0) + (file?.ignored ?? 0)).toBe(events.length);
    const sessions = async () =>
      new Set((await listJobs(desk.runtime, { limit: 1000, internal: true })).jobs.map((job) => job.session));
    const before = await sessions();
    expect(before).toContain(`imported:${name}`);
    await desk.importJson(['-'], gzipSync(content));
    expect(await sessions()).toEqual(before);
  });

  it('a timeline too large for one request goes in parts that cut no task in two', async () => {
    // SYNTHETIC: the recorded file three times over, with task ids of their own.
    const one = gunzipSync(fixture(`${RAY}/truncated/timeline/ray_timeline_after.json.gz`))
      .toString()
      .trim();
    const copies = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc'].map((mark) =>
      one.slice(1, -1).replace(/("task_id": ?"[0-9a-f]{8})[0-9a-f]{8}/g, `$1${mark}`),
    );
    const path = desk.write('large-timeline', `[${copies.join(',')}]`);
    const before = desk.front.seen();
    const { code, report } = await desk.importJson([path]);
    const count = JSON.parse(one).length;
    expect({ code, accepted: report.accepted }).toEqual({ code: 0, accepted: 3 * count });
    expect(desk.front.seen() - before).toBe(2);
    const name = createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16);
    const { functions } = await summariseTasks(desk.runtime, { jobId: '01000000', session: `imported:${name}` });
    const attempts = Object.fromEntries(functions.map((row) => [row.name, row.attempts]));
    const states = new Set(functions.flatMap((row) => Object.keys(row.byState)));
    expect([attempts.parse_line, attempts.hash_key]).toEqual([3 * 7000, 3 * 4000]);
    expect(states).toEqual(new Set(['FINISHED', 'FAILED']));
  });

  it('people are told per file', async () => {
    const ran = await runXray(['import', '--xray', desk.front.url, `${RAY}/oom/events/events.jsonl.gz`, 'README.md']);
    expect(ran.stdout).toContain('Ray events, 622 taken');
    expect(ran.stdout).toContain('refused      README.md: text that begins with "# X-Ray"');
    expect(ran.stdout).toContain('622 taken, 1 rejected');
    expect(ran.code).toBe(1);
  });
});
