/**
 * Ports of InfiniBand and RoCE as node_exporter tells them (collector "infiniband", from /sys/class/infiniband). A port that has lost
 * lanes, or came up slower, says so by its rate; one that receives damaged packets by its errors.
 */
import { locationOf } from '../../model/identity/evidence.ts';
import type { LabelSet } from '../../model/series.ts';
import { NODE_LABELS, nodeEvidence, withoutPort } from './target-labels.ts';

/** Under this share of the most that it ran at in the window a port is slow. */
const SLOW = 0.9;
/** Damaged packets a second that are worth a word: links have a damaged symbol now and then. */
const ERRORS_PER_SECOND = 1;
const BY_PORT = [...NODE_LABELS, 'device', 'port'].join(', ');
const RATE = 'node_infiniband_rate_bytes_per_second';

const now = `max by (${BY_PORT}) (${RATE})`;
const before = (seconds: number): string => `max by (${BY_PORT}) (max_over_time(${RATE}[${seconds}s]))`;

/** Ports below their own rate, in bytes per second; 0: down. `seconds`: how far back they are compared with. */
export const slowPortsQuery = (seconds: number): string => `${now} < ${SLOW} * ${before(seconds)}`;
/** What those ports ran at before, bytes per second. */
export const fullRateQuery = (seconds: number): string => `${before(seconds)} and ${slowPortsQuery(seconds)}`;
/** Ports that receive damaged packets, per second. */
export const lossyPortsQuery = `sum by (${BY_PORT}) (rate(node_infiniband_port_errors_received_total[5m])) > ${ERRORS_PER_SECOND}`;

/** A port of a host. */
export interface PortName {
  readonly host: string;
  readonly device: string;
  readonly port: string;
  readonly cluster: string | null;
}

/** Null where the labels name no device. */
export function decodePort(labels: LabelSet): PortName | null {
  const evidence = nodeEvidence(labels);
  if (!labels.device || locationOf(evidence) === '') return null;
  return {
    host: evidence.host ?? withoutPort(evidence.instance),
    device: labels.device,
    port: labels.port ?? '',
    cluster: evidence.cluster,
  };
}
