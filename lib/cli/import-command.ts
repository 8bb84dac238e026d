/** `xray import PATH...`: what the files are, where they go, and what became of every record. */
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ImportedFileWire, ImportKind, ImportReportWire } from '../contract/cli.ts';
import { emptyTally, reject, type Tally } from './import/deliver.ts';
import { type Detected, detectKind, WANTED } from './import/detect-kind.ts';
import { importEvents } from './import/import-events.ts';
import { importKineto, kinetoFacts, kinetoTraceIds } from './import/import-kineto.ts';
import { importOtlpJson, importOtlpProtobuf } from './import/import-otlp.ts';
import { importTimeline } from './import/import-timeline.ts';
import { headOf, spoolStandardInput, UnreadableError } from './import/open-bytes.ts';
import { UsageError } from './usage-error.ts';
import type { XrayClient } from './xray-client.ts';

export interface ImportOptions {
  readonly paths: readonly string[];
  readonly json: boolean;
  readonly cluster: string | null;
  readonly session: string | null;
  readonly job: string | null;
}

const HEAD_BYTES = 256 * 1024;

interface Candidate {
  /** As it is shown. */
  readonly shown: string;
  readonly path: string;
  /** Found in a directory: then another kind of file is passed over, and is no mistake. */
  readonly isFound: boolean;
}

/** Regular files below a directory, by name; hidden ones are left out. */
async function* filesBelow(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

async function* candidates(paths: readonly string[], from: string): AsyncGenerator<Candidate> {
  for (const shown of paths) {
    const path = resolve(from, shown);
    const isDirectory = await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isDirectory) yield { shown, path, isFound: false };
    else
      for await (const file of filesBelow(path))
        yield { shown: join(shown, file.slice(path.length + 1)), path: file, isFound: true };
  }
}

/** Resolves with null for traces of PyTorch's profiler: which of them belong together is known when all are found. */
async function importOne(
  client: XrayClient,
  candidate: Candidate,
  options: ImportOptions,
): Promise<ImportedFileWire | null> {
  const tally = emptyTally();
  let kind: ImportKind = 'unknown';
  let reason: string | null = null;
  try {
    const { head, isWhole } = await headOf(candidate.path, HEAD_BYTES);
    const found = detectKind(head, isWhole);
    kind = found.kind;
    if (found.kind === 'kineto') return null;
    if (found.kind !== 'unknown') await send(client, candidate.path, found, options, tally);
    else {
      reason = found.reason;
      if (candidate.isFound) tally.ignored += 1;
      else reject(tally, 0, `${found.reason}. ${WANTED}`);
    }
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    reason = error.message;
    // What was sent before the damage is stored, and counted.
    reject(tally, tally.accepted + tally.ignored + tally.rejected, error.message);
  }
  return { path: candidate.shown, kind, ...tally, reason };
}

/** Traces of PyTorch's profiler, those of the ranks of one run as one trace. */
async function importProfiles(
  client: XrayClient,
  found: readonly Candidate[],
  options: ImportOptions,
  done: (file: ImportedFileWire) => void,
): Promise<void> {
  const failed = (candidate: Candidate, error: unknown): void => {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    const tally = emptyTally();
    reject(tally, 0, error.message);
    done({ path: candidate.shown, kind: 'kineto', ...tally, reason: error.message });
  };
  const known: { readonly candidate: Candidate; readonly facts: Awaited<ReturnType<typeof kinetoFacts>> }[] = [];
  for (const candidate of found) {
    try {
      known.push({ candidate, facts: await kinetoFacts(candidate.path) });
    } catch (error) {
      failed(candidate, error);
    }
  }
  const traceIds = kinetoTraceIds(
    known.map(({ facts }) => facts),
    options.session,
  );
  for (const [i, { candidate }] of known.entries()) {
    const tally = emptyTally();
    try {
      await importKineto(client, candidate.path, traceIds[i] ?? '', tally);
      done({ path: candidate.shown, kind: 'kineto', ...tally, reason: null });
    } catch (error) {
      failed(candidate, error);
    }
  }
}

function send(client: XrayClient, path: string, found: Detected, options: ImportOptions, tally: Tally): Promise<void> {
  switch (found.kind) {
    case 'ray-events':
      return importEvents(client, path, found.shape, options.cluster, tally);
    case 'ray-timeline-a':
    case 'ray-timeline-b':
      return importTimeline(client, path, found.shape, options, tally);
    case 'otlp-json':
      return importOtlpJson(client, path, found.shape, tally);
    case 'otlp-protobuf':
      return importOtlpProtobuf(client, path, found.shape, tally);
    default:
      return Promise.resolve();
  }
}

const NAMES: Record<ImportKind, string> = {
  'ray-events': 'Ray events',
  'ray-timeline-a': 'Ray timeline (State API)',
  'ray-timeline-b': 'Ray timeline (ray timeline)',
  'otlp-json': 'OTLP traces (JSON)',
  'otlp-protobuf': 'OTLP traces (protobuf)',
  kineto: "trace of PyTorch's profiler",
  unknown: 'unknown',
};

const counted = (count: number): string => count.toLocaleString('en-GB');

/** One line for a file, and one more for each of its first rejects. */
export function fileLines(file: ImportedFileWire): string[] {
  if (file.kind === 'unknown' && file.rejected === 0) return [`passed over  ${file.path}: ${file.reason ?? 'unknown'}`];
  if (file.kind === 'unknown')
    return [`refused      ${file.path}: ${file.rejects[0]?.reason ?? file.reason ?? 'unknown'}`];
  const parts = [`${counted(file.accepted)} taken`];
  if (file.ignored > 0) parts.push(`${counted(file.ignored)} of no use to X-Ray`);
  if (file.rejected > 0) parts.push(`${counted(file.rejected)} rejected`);
  const lines = [
    `${file.rejected > 0 ? 'in part' : 'taken'.padEnd(7)}      ${file.path}: ${NAMES[file.kind]}, ${parts.join(', ')}`,
  ];
  for (const { position, reason } of file.rejects) lines.push(`               record ${position}: ${reason}`);
  if (file.rejected > file.rejects.length)
    lines.push(`               and ${counted(file.rejected - file.rejects.length)} more`);
  return lines;
}

/** Resolves with the exit code: 0 all taken, 1 something rejected. Rejects with UsageError (2). `from`: where paths start. */
export async function runImport(
  client: XrayClient,
  options: ImportOptions,
  from: string,
  print: (line: string) => void,
): Promise<number> {
  if (options.paths.length === 0)
    throw new UsageError('import needs at least one path', 'name files or directories, or - for standard input');
  await client.health();
  const files: ImportedFileWire[] = [];
  const profiles: Candidate[] = [];
  const add = (file: ImportedFileWire): void => {
    files.push(file);
    if (!options.json) for (const line of fileLines(file)) print(line);
  };
  const done = async (candidate: Candidate): Promise<void> => {
    const file = await importOne(client, candidate, options);
    if (file === null) profiles.push(candidate);
    else add(file);
  };
  const hasInput = options.paths.includes('-');
  const input = hasInput ? await spoolStandardInput() : null;
  try {
    if (input) await done({ shown: '-', path: input.path, isFound: false });
    for await (const candidate of candidates(
      options.paths.filter((path) => path !== '-'),
      from,
    ))
      await done(candidate);
    await importProfiles(client, profiles, options, add);
  } finally {
    await input?.remove();
  }
  const sum = (of: (file: ImportedFileWire) => number): number => files.reduce((total, file) => total + of(file), 0);
  const report: ImportReportWire = {
    files,
    accepted: sum((file) => file.accepted),
    ignored: sum((file) => file.ignored),
    rejected: sum((file) => file.rejected),
  };
  if (options.json) print(JSON.stringify(report));
  else {
    print(`${counted(report.accepted)} taken, ${counted(report.rejected)} rejected; look at ${client.url}`);
    if (files.length === 0) print('the directory holds no files');
  }
  return report.rejected > 0 ? 1 : 0;
}
