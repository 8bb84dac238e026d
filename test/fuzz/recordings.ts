/** Recordings of real systems that the fuzz tests mutate, small enough to be sent by the thousand. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { eventBodies } from '../support/recordings.ts';

const fixtures = resolve(import.meta.dirname, '../fixtures');
const MOST_BYTES = 24_000;

/** The bytes of a file, or of the same file packed. */
function bytesOf(path: string): Buffer {
  const plain = join(fixtures, path);
  if (existsSync(plain)) return path.endsWith('.gz') ? gunzipSync(readFileSync(plain)) : readFileSync(plain);
  return gunzipSync(readFileSync(`${plain}.gz`));
}
const jsonOf = (path: string): unknown => JSON.parse(bytesOf(path).toString());
const filesOf = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(fixtures, folder))
    .filter((name) => ending.test(name))
    .map((name) => join(folder, name));

/** Every list inside is cut to its first few, at any depth. */
function cut(value: unknown, most: number): unknown {
  if (Array.isArray(value)) return value.slice(0, most).map((item) => cut(item, most));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cut(item, most)]));
}

/** One body for each type of event of each scenario, and a few whole ones. */
function rayEvents(): unknown[] {
  const byType = new Map<string, unknown[]>();
  for (const scenario of ['mixed', 'oom', 'train', 'truncated'])
    for (const body of eventBodies(scenario).slice(0, 400)) {
      const records = JSON.parse(body) as { eventType?: string }[];
      for (const record of Array.isArray(records) ? records : [records]) {
        const kept = byType.get(`${scenario} ${record.eventType}`) ?? [];
        if (kept.length < 4) kept.push(record);
        byType.set(`${scenario} ${record.eventType}`, kept);
      }
    }
  return [...byType.values()];
}

const OTLP = 'torch/2.15.0/otlp-steps';
const AFTER = 'ray/2.58.0/mixed/http/after';

export const recordings = {
  events: rayEvents(),
  otlpJson: filesOf(OTLP, /^\d+\.json(\.gz)?$/).map((file) => cut(jsonOf(file), 3)),
  otlpProtobuf: filesOf(OTLP, /^\d+\.pb(\.gz)?$/)
    .map(bytesOf)
    .filter((bytes) => bytes.length < MOST_BYTES),
  timelines: [
    cut(jsonOf('ray/2.58.0/mixed/timeline/ray_timeline_after.json'), 40),
    cut(jsonOf(`${AFTER}/tasks_timeline.json`), 40),
  ],
  rayListings: ['tasks', 'nodes', 'actors', 'workers', 'placement_groups'].map((name) =>
    cut(jsonOf(`${AFTER}/${name}.json`), 3),
  ),
  rayJobs: cut(jsonOf(`${AFTER}/jobs.json`), 3),
  prometheus: filesOf('prometheus/2.42.0/alerts', /^\d+.*\.json$/).map((file) => cut(jsonOf(file), 4)),
  alertmanager: filesOf('alertmanager/0.25.0/alerts', /^\d+.*alerts\.json$/).map((file) => cut(jsonOf(file), 3)),
  nccl: bytesOf(
    'nccl/synthetic-inspector/textfile/t0030/nccl_inspector_metrics_GPU-01352903-0000-4000-8000-000000000000.prom',
  )
    .toString()
    .split('\n')
    .filter((line) => line.includes('{'))
    .slice(0, 20),
} as const;
