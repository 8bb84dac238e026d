/**
 * What X-Ray costs while nobody looks: the production server with the simulated cluster and no viewer, from when its past is stored.
 * XRAY_BENCH_IDLE_MINUTES (10) long, after XRAY_BENCH_IDLE_WARM_MINUTES (2). Cores, memory, threads and open files come from /proc:
 * of the server's process, which X-Ray is, and apart of its children, the simulator and Prometheus. Per minute: what the server asked
 * its store and its sources and what came in, from /metrics; parts that the engine wrote and merged, from the directories it makes.
 */
import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { untilComplete } from './demo.ts';
import type { Report } from './figure.ts';
import { descendants, type ProcessUse, processUse, slopePerHour } from './process-tree.ts';
import { type BenchServer, startServer } from './server.ts';

const MINUTES = Number(process.env.XRAY_BENCH_IDLE_MINUTES ?? '10');
const WARM_MINUTES = Number(process.env.XRAY_BENCH_IDLE_WARM_MINUTES ?? '2');
const SAMPLE_MS = 10_000;

interface Requested {
  readonly selects: number;
  readonly inserts: number;
  readonly sources: number;
  readonly requests: number;
  /** By question, for the list on stderr. */
  readonly by: ReadonlyMap<string, number>;
}

/** Sums of the histograms' counts in /metrics. */
async function requested(base: string): Promise<Requested> {
  const text = await (await fetch(`${base}/metrics`)).text();
  const by = new Map<string, number>();
  let [selects, inserts, sources, requests] = [0, 0, 0, 0];
  for (const [, name, labels, value] of text.matchAll(/^(xray_\w+_count)\{(.*)\} (\S+)$/gm)) {
    const label = (key: string): string => new RegExp(`${key}="([^"]*)"`).exec(labels ?? '')?.[1] ?? '';
    const count = Number(value);
    if (name === 'xray_query_duration_seconds_count') {
      const [source, query] = [label('source'), label('query')];
      if (source !== 'store') sources += count;
      else if (query.startsWith('insert ')) inserts += count;
      else selects += count;
      by.set(`${source}: ${query}`, count);
    } else if (name === 'xray_http_request_duration_seconds_count') {
      requests += count;
      const route = `request: ${label('method')} ${label('route')}`;
      by.set(route, (by.get(route) ?? 0) + count);
    }
  }
  return { selects, inserts, sources, requests, by };
}

interface PartWatch {
  /** Parts written by inserts and parts made by merges so far. */
  readonly counts: () => { readonly inserted: number; readonly merged: number };
  readonly close: () => void;
}

/** MergeTree writes a part into `tmp_insert_<part>` or `tmp_merge_<part>` of its table's directory and renames it. */
function watchParts(dataDirectory: string): PartWatch {
  const store = join(dataDirectory, 'clickhouse/store');
  const seen = { insert: new Set<string>(), merge: new Set<string>() };
  const watchers: FSWatcher[] = [];
  for (const prefix of readdirSync(store))
    for (const table of readdirSync(join(store, prefix))) {
      const watcher = watch(join(store, prefix, table), (_event, file) => {
        const made = /^tmp_(insert|merge)_/.exec(file ?? '')?.[1] as keyof typeof seen | undefined;
        if (made) seen[made].add(`${table}/${file}`);
      });
      watchers.push(watcher);
    }
  return {
    counts: () => ({ inserted: seen.insert.size, merged: seen.merge.size }),
    close: () => {
      for (const watcher of watchers) watcher.close();
    },
  };
}

const kindOf = (command: readonly string[]): string => {
  if (command.some((one) => one.endsWith('lib/demo/main.ts'))) return 'simulator';
  if (command.some((one) => one.endsWith('prometheus-guard.ts'))) return 'prometheus-guard';
  if (/prometheus$/.test(command[0] ?? '')) return 'prometheus';
  return 'other';
};

interface Look {
  readonly at: number;
  readonly server: ProcessUse;
  readonly children: ReadonlyMap<string, ProcessUse>;
  readonly asked: Requested;
  readonly parts: { readonly inserted: number; readonly merged: number };
}

async function lookAt(server: BenchServer, parts: PartWatch): Promise<Look> {
  const counts = await requested(server.base);
  const children = new Map([...descendants(server.pid)].map(([pid, command]) => [kindOf(command), processUse(pid)]));
  return {
    at: performance.now() / 1000,
    server: processUse(server.pid),
    children,
    asked: counts,
    parts: parts.counts(),
  };
}

/** What was asked most, and which threads worked most: to find what to mend. */
function explain(before: Look, after: Look): void {
  const seconds = after.at - before.at;
  const lines: [string, number][] = [];
  for (const [name, count] of after.asked.by)
    lines.push([`${name} per minute`, ((count - (before.asked.by.get(name) ?? 0)) / seconds) * 60]);
  for (const [name, cpu] of after.server.threadsS)
    lines.push([`thread ${name} millicores`, ((cpu - (before.server.threadsS.get(name) ?? 0)) / seconds) * 1000]);
  for (const [line, value] of lines.filter(([, one]) => one >= 0.05).sort((a, b) => b[1] - a[1]))
    process.stderr.write(`  ${value.toFixed(1).padStart(7)}  ${line}\n`);
}

function reportAll(report: Report, before: Look, after: Look, memory: readonly (readonly [number, number])[]): void {
  const seconds = after.at - before.at;
  const say = (figure: string, value: number, unit: string) => report({ suite: 'idle', figure, value, unit });
  say('cores', (after.server.cpuS - before.server.cpuS) / seconds, 'cores');
  say('resident', after.server.residentMb, 'MB');
  say('resident-slope', slopePerHour(memory), 'MB/h');
  say('open-files', after.server.openFiles, 'files');
  say('threads', after.server.threads, 'threads');
  const perMinute = (figure: string, count: number) => say(`${figure}-per-minute`, (count / seconds) * 60, '1/min');
  perMinute('store-queries', after.asked.selects - before.asked.selects);
  perMinute('store-inserts', after.asked.inserts - before.asked.inserts);
  perMinute('parts-inserted', after.parts.inserted - before.parts.inserted);
  perMinute('parts-merged', after.parts.merged - before.parts.merged);
  perMinute('requests-received', after.asked.requests - before.asked.requests);
  perMinute('source-requests', after.asked.sources - before.asked.sources);
  for (const [kind, use] of after.children) {
    const was = before.children.get(kind);
    if (was === undefined || was.pid !== use.pid) throw new Error(`the ${kind} was started again meanwhile`);
    say(`child-cores ${kind}`, (use.cpuS - was.cpuS) / seconds, 'cores');
    say(`child-resident ${kind}`, use.residentMb, 'MB');
  }
}

export async function run(report: Report): Promise<void> {
  const server = await startServer({ XRAY_DEMO: '1' });
  const parts = watchParts(server.dataDirectory);
  try {
    await untilComplete(server.base);
    await sleep(WARM_MINUTES * 60_000);
    const before = await lookAt(server, parts);
    const memory: [number, number][] = [];
    let minute = before;
    for (let next = 1; next <= (MINUTES * 60_000) / SAMPLE_MS; next++) {
      await sleep(Math.max(0, before.at * 1000 + next * SAMPLE_MS - performance.now()));
      const use = processUse(server.pid);
      memory.push([performance.now() / 1000, use.residentMb]);
      if (next % (60_000 / SAMPLE_MS) !== 0) continue;
      const now = { ...minute, at: performance.now() / 1000, server: use };
      const cores = (use.cpuS - minute.server.cpuS) / (now.at - minute.at);
      process.stderr.write(`minute ${next / 6}: ${cores.toFixed(3)} cores, ${Math.round(use.residentMb)} MB\n`);
      minute = now;
    }
    const after = await lookAt(server, parts);
    explain(before, after);
    reportAll(report, before, after, memory);
  } finally {
    parts.close();
    await server.close();
  }
}
