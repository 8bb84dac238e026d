/** What each source of collectives contributes to one answer, and the bandwidth lines in it. */
import type { CommunicatorWire } from '../contract/collectives.ts';
import type { SourceNoticeWire } from '../contract/wire-values.ts';
import type { Grid } from '../sources/prometheus/decode.ts';

/** GB/s over the ranks per grid point, of one communicator, collective and message size. */
export interface BandwidthLines {
  readonly labels: { readonly communicator: string; readonly collective: string; readonly message_size: string };
  readonly least: (number | null)[];
  readonly median: (number | null)[];
  readonly most: (number | null)[];
}

export interface CollectivesPart {
  readonly communicators: readonly CommunicatorWire[];
  readonly lines: readonly BandwidthLines[];
  readonly notices: readonly SourceNoticeWire[];
}

export const collectivesPart = (
  communicators: readonly CommunicatorWire[],
  lines: readonly BandwidthLines[],
  notices: readonly SourceNoticeWire[],
): CollectivesPart => ({ communicators, lines, notices });

/** Newest bandwidth of a communicator: of AllReduce where it has any, of its largest message. */
export function newestBandwidth(
  id: string,
  lines: readonly BandwidthLines[],
  grid: Grid,
): CommunicatorWire['busbwNow'] {
  const own = lines
    .filter((line) => line.labels.communicator === id)
    .sort(
      (a, b) =>
        Number(b.labels.collective === 'AllReduce') - Number(a.labels.collective === 'AllReduce') ||
        Number(b.labels.message_size) - Number(a.labels.message_size),
    )[0];
  const at = own?.median.findLastIndex((value) => value !== null) ?? -1;
  const [min, median, max] = [own?.least[at], own?.median[at], own?.most[at]];
  if (!own || min == null || median == null || max == null) return null;
  return {
    collective: own.labels.collective,
    messageSizeBytes: Number(own.labels.message_size),
    min,
    median,
    max,
    timeMs: grid.start + at * grid.step,
  };
}
