/**
 * What `xray doctor --json` and `xray import --json` print: one JSON value on stdout, stable. `xray doctor --store --json` prints what
 * GET /api/store answers (store.ts).
 */
import { z } from 'zod';

export const DoctorCheck = z.object({
  /** Stable: node, dependencies, build, data-directory, disk-space, prometheus, chromium, port, xray, source:<id>, ... */
  id: z.string(),
  /** `warn` is no problem yet; only `fail` makes `ok` false. */
  state: z.enum(['ok', 'warn', 'fail']),
  message: z.string(),
  whatToDo: z.string().nullable(),
});
export type DoctorCheckWire = z.infer<typeof DoctorCheck>;

export const DoctorReport = z.object({ ok: z.boolean(), checks: z.array(DoctorCheck) });
export type DoctorReportWire = z.infer<typeof DoctorReport>;

export const IMPORT_KINDS = [
  'ray-events',
  'ray-timeline-a',
  'ray-timeline-b',
  'otlp-json',
  'otlp-protobuf',
  'kineto',
  'unknown',
] as const;
export type ImportKind = (typeof IMPORT_KINDS)[number];

export const ImportedFile = z.object({
  /** As given; `-` is standard input. */
  path: z.string(),
  /** Found from the content, never from the name. */
  kind: z.enum(IMPORT_KINDS),
  /** Records stored: events, spans, or Chrome trace events. */
  accepted: z.number(),
  /** Valid records that say nothing X-Ray keeps; 1 for a file of another kind inside a directory. */
  ignored: z.number(),
  rejected: z.number(),
  /** The first of them. Position counts the records of the file from 0. */
  rejects: z.array(z.object({ position: z.number(), reason: z.string() })),
  /** Why the file was not read, or why nothing was taken of it, where it was not. */
  reason: z.string().nullable(),
  /** What was taken in another way than it stands in the file, or could not be said of it, as sentences. */
  notes: z.array(z.string()),
});
export type ImportedFileWire = z.infer<typeof ImportedFile>;

export const ImportReport = z.object({
  files: z.array(ImportedFile),
  accepted: z.number(),
  ignored: z.number(),
  rejected: z.number(),
  /** Paths, as given, of which nothing was taken: then the command fails. */
  nothingTaken: z.array(z.string()),
});
export type ImportReportWire = z.infer<typeof ImportReport>;
