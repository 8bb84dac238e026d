/** `xray import PATH...`: what the files are, where they go, and what became of every record. */
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ImportedFileWire, ImportKind, ImportReportWire } from '../contract/cli.ts';
import { emptyTally, reject, type Tally } from './import/deliver.ts';
import { type Detected, detectKind, WANTED } from './import/detect-kind.ts';
import { importEvents } from './import/import-events.ts';
import { importOtlpJson, importOtlpProtobuf } from './import/import-otlp.ts';
import { fileLines, isFailure, summaryLines, withReason } from './import/import-report.ts';
import { importTimeline } from './import/import-timeline.ts';
import { GroupNames } from './import/kineto/group-names.ts';
import { importKineto, kinetoFacts } from './import/kineto/import-kineto.ts';
import { planTraces } from './import/kineto/runs.ts';
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
  /** The path it was found by, as given. */
  readonly given: string;
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
    if (!isDirectory) yield { given: shown, shown, path, isFound: false };
    else
      for await (const file of filesBelow(path))
        yield { given: shown, shown: join(shown, file.slice(path.length + 1)), path: file, isFound: true };
  }
}

/** A trace of PyTorch's profiler: which of them belong together is known when all are found. */
interface FoundProfile {
  readonly candidate: Candidate;
  readonly isList: boolean;
}

async function importOne(
  client: XrayClient,
  candidate: Candidate,
  options: ImportOptions,
): Promise<ImportedFileWire | FoundProfile> {
  const tally = emptyTally();
  let kind: ImportKind = 'unknown';
  let reason: string | null = null;
  try {
    const { head, isWhole } = await headOf(candidate.path, HEAD_BYTES);
    const found = detectKind(head, isWhole);
    kind = found.kind;
    if (found.kind === 'kineto') return { candidate, isList: found.isList };
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
  found: readonly FoundProfile[],
  options: ImportOptions,
  done: (file: ImportedFileWire, candidate: Candidate) => void,
): Promise<void> {
  // What was sent before is stored, and counted.
  const failed = (candidate: Candidate, tally: Tally, error: unknown): void => {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    reject(tally, tally.accepted + tally.ignored + tally.rejected, error.message);
    done({ path: candidate.shown, kind: 'kineto', ...tally, reason: error.message }, candidate);
  };
  const groups = new GroupNames();
  const known: (FoundProfile & { readonly facts: Awaited<ReturnType<typeof kinetoFacts>> })[] = [];
  for (const profile of found) {
    try {
      known.push({ ...profile, facts: await kinetoFacts(profile.candidate.path, profile.isList, groups) });
    } catch (error) {
      failed(profile.candidate, emptyTally(), error);
    }
  }
  const plans = planTraces(
    known.map(({ facts, candidate }) => ({ facts, path: candidate.path })),
    options.session,
  );
  for (const [i, { candidate, isList }] of known.entries()) {
    const [tally, plan] = [emptyTally(), plans[i]];
    if (plan === undefined) continue;
    try {
      await importKineto(client, candidate.path, isList, plan, tally);
      done(
        { path: candidate.shown, kind: 'kineto', ...tally, reason: null, notes: [...plan.notes, ...tally.notes] },
        candidate,
      );
    } catch (error) {
      failed(candidate, tally, error);
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

/** Resolves with the exit code: 0 all taken, 1 something rejected or nothing taken of a path. Rejects with UsageError (2). `from`: where paths start. */
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
  const profiles: FoundProfile[] = [];
  const takenOf = new Map(options.paths.map((path) => [path, 0]));
  const add = (found: ImportedFileWire, { given }: Candidate): void => {
    const file = withReason(found);
    files.push(file);
    takenOf.set(given, (takenOf.get(given) ?? 0) + file.accepted);
    if (!options.json) for (const line of fileLines(file)) print(line);
  };
  const done = async (candidate: Candidate): Promise<void> => {
    const found = await importOne(client, candidate, options);
    if ('candidate' in found) profiles.push(found);
    else add(found, candidate);
  };
  const hasInput = options.paths.includes('-');
  const input = hasInput ? await spoolStandardInput() : null;
  try {
    if (input) await done({ given: '-', shown: '-', path: input.path, isFound: false });
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
    nothingTaken: [...takenOf].flatMap(([path, taken]) => (taken === 0 ? [path] : [])),
  };
  if (options.json) print(JSON.stringify(report));
  else for (const line of summaryLines(report, client.url)) print(line);
  return isFailure(report) ? 1 : 0;
}
