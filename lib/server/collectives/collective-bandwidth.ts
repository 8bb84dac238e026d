/** What each source of collectives contributes to one answer, and the bandwidth lines in it. */
import { slowTransfer } from '../../analysis/slow-transfer.ts';
import type { CommunicatorWire } from '../../contract/collectives.ts';
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import { milliseconds, millisecondsToNanoseconds } from '../../model/units.ts';
import type { Grid } from '../../sources/prometheus/decode.ts';

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
  /** Hosts of the ranks, by id of the communicator. */
  readonly hosts: ReadonlyMap<string, ReadonlySet<string>>;
}

export const collectivesPart = (
  communicators: readonly CommunicatorWire[],
  lines: readonly BandwidthLines[],
  notices: readonly SourceNoticeWire[],
  hosts: CollectivesPart['hosts'] = new Map(),
): CollectivesPart => ({ communicators, lines, notices, hosts });

/** The line a communicator is known by: of AllReduce where it has any, of its largest message. */
const ownLine = (id: string, lines: readonly BandwidthLines[]): BandwidthLines | undefined =>
  lines
    .filter((line) => line.labels.communicator === id)
    .sort(
      (a, b) =>
        Number(b.labels.collective === 'AllReduce') - Number(a.labels.collective === 'AllReduce') ||
        Number(b.labels.message_size) - Number(a.labels.message_size),
    )[0];

/** What the contract says of a communicator's bandwidth. */
export function bandwidthOf(
  id: string,
  lines: readonly BandwidthLines[],
  grid: Grid,
): Pick<CommunicatorWire, 'busbwNow' | 'slowTransfer'> {
  const own = ownLine(id, lines);
  const slow = own === undefined ? null : slowTransfer(own.most);
  return {
    busbwNow: newestBandwidth(own, grid),
    slowTransfer:
      own === undefined || slow === null
        ? null
        : {
            sinceNs: millisecondsToNanoseconds(milliseconds(grid.start + slow.since * grid.step)).toString(),
            collective: own.labels.collective,
            usual: slow.usual,
            now: slow.now,
            ratio: slow.ratio,
            share: slow.share,
          },
  };
}

function newestBandwidth(own: BandwidthLines | undefined, grid: Grid): CommunicatorWire['busbwNow'] {
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
