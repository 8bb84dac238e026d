/** What an import says: a line for each file, what was set aside of it, and how it ends. */
import type { ImportedFileWire, ImportKind, ImportReportWire } from '../../contract/cli.ts';

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

/** A format that is known and of which nothing is taken is a failure, and has a reason. */
export function withReason(file: ImportedFileWire): ImportedFileWire {
  if (file.kind === 'unknown' || file.accepted > 0 || file.reason !== null || file.rejected > 0) return file;
  const reason =
    file.ignored > 0
      ? `none of its ${counted(file.ignored)} records holds anything X-Ray shows`
      : 'it holds no record that X-Ray shows';
  return { ...file, reason };
}

const LABELS = { taken: 'taken  ', part: 'in part', nothing: 'nothing' } as const;

/** One line for a file, and one more for each of its notes and first rejects. */
export function fileLines(file: ImportedFileWire): string[] {
  if (file.kind === 'unknown' && file.rejected === 0) return [`passed over  ${file.path}: ${file.reason ?? 'unknown'}`];
  if (file.kind === 'unknown')
    return [`refused      ${file.path}: ${file.rejects[0]?.reason ?? file.reason ?? 'unknown'}`];
  const parts = [`${counted(file.accepted)} taken`];
  if (file.ignored > 0) parts.push(`${counted(file.ignored)} of no use to X-Ray`);
  if (file.rejected > 0) parts.push(`${counted(file.rejected)} rejected`);
  const label = LABELS[file.accepted === 0 ? 'nothing' : file.rejected > 0 ? 'part' : 'taken'];
  const lines = [`${label}      ${file.path}: ${NAMES[file.kind]}, ${parts.join(', ')}`];
  const indent = ' '.repeat(15);
  if (file.accepted === 0 && file.rejected === 0 && file.reason !== null) lines.push(indent + file.reason);
  for (const note of file.notes) lines.push(`${indent}note: ${note}`);
  for (const { position, reason } of file.rejects) lines.push(`${indent}record ${position}: ${reason}`);
  if (file.rejected > file.rejects.length)
    lines.push(`${indent}and ${counted(file.rejected - file.rejects.length)} more`);
  return lines;
}

export function summaryLines(report: ImportReportWire, url: string): string[] {
  const lines = [
    `${counted(report.accepted)} taken, ${counted(report.rejected)} rejected${report.accepted > 0 ? `; look at ${url}` : ''}`,
  ];
  if (report.files.length === 0) lines.push('the directory holds no files');
  for (const path of report.nothingTaken) lines.push(`nothing was taken of ${path}`);
  return lines;
}

/** Something was rejected, or nothing taken of a path or of a file in a format that is known. */
export const isFailure = ({ files, rejected, nothingTaken }: ImportReportWire): boolean =>
  rejected > 0 || nothingTaken.length > 0 || files.some(({ kind, accepted }) => kind !== 'unknown' && accepted === 0);
