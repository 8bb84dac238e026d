/**
 * NCCL Inspector's Prometheus textfile mode (inspector_prom.cc, since NCCL 2.30): gauges, each a mean over a dump interval of
 * 30 s or more; bandwidth is the geometric mean, execution time the arithmetic one. What the labels do not say: the rank, and
 * which of two communicators of one name is meant. A GPU on which no operation completes keeps its last file, so during a
 * hang the gauges stand still; node_exporter's `node_textfile_mtime_seconds` tells.
 */
import { realHost } from '../../model/identity/placeholder.ts';
import type { LabelSet } from '../../model/series.ts';
import { clusterLabel, once, withoutPort } from '../prometheus/target-labels.ts';

const BANDWIDTH = 'nccl_bus_bandwidth_gbs';
/** Mean time of an operation in a dump interval; every communicator that is timed has it. */
export const EXEC_TIME = 'nccl_collective_exec_time_microseconds';
const COMMUNICATOR = 'cluster, ray_io_cluster, slurm_job_id, comm_name, n_nodes, nranks';
const GPU = `${COMMUNICATOR}, node, exported_node, gpu`;

/** A communicator as far as the labels tell it apart. */
export interface InspectorCommunicator {
  readonly cluster: string | null;
  readonly slurmJob: string;
  readonly name: string;
  readonly ranks: number;
  readonly nodes: number;
  /** Where all ranks are on one node: which, because every node may have a communicator of this name. */
  readonly node: string | null;
}

/** Host of a series: a scraped label that Prometheus renamed, because the target has one of its own, comes first. */
export const nodeOf = (labels: LabelSet): string =>
  realHost(labels.exported_node) ?? realHost(labels.node) ?? withoutPort(labels.instance ?? '');

/** Null where the labels are not Inspector's. */
export function decodeCommunicator(labels: LabelSet): InspectorCommunicator | null {
  const ranks = Number(labels.nranks);
  const nodes = Number(labels.n_nodes);
  if (!labels.comm_name || !Number.isInteger(ranks) || !Number.isInteger(nodes)) return null;
  return {
    cluster: clusterLabel(labels),
    slurmJob: labels.slurm_job_id ?? '',
    name: labels.comm_name,
    ranks,
    nodes,
    node: nodes === 1 ? nodeOf(labels) : null,
  };
}

/** `nccl:<cluster>:<slurm job>:<name>:<ranks>:<nodes>:<node>`, every part percent-encoded. */
export const inspectorId = ({ cluster, slurmJob, name, ranks, nodes, node }: InspectorCommunicator): string =>
  ['nccl', ...[cluster ?? '', slurmJob, name, String(ranks), String(nodes), node ?? ''].map(encodeURIComponent)].join(
    ':',
  );

/** Null where the text is not such an id. */
export function parseInspectorId(id: string): InspectorCommunicator | null {
  if (!/^nccl(:[^:]*){6}$/.test(id)) return null;
  try {
    const [, cluster = '', slurmJob = '', name = '', ranks, nodes, node = ''] = id.split(':').map(decodeURIComponent);
    if (name === '') return null;
    return { cluster: cluster || null, slurmJob, name, ranks: Number(ranks), nodes: Number(nodes), node: node || null };
  } catch {
    return null;
  }
}

const text = (value: string): string => JSON.stringify(value);
const anyOf = (collectives: readonly string[]): string => `collective=~${text(collectives.join('|'))}`;

/** Instant: one series per communicator, GPU and scrape target seen in the last `seconds`. */
export const membersQuery = (seconds: number): string =>
  `group by (${GPU}, instance) (last_over_time(${EXEC_TIME}[${Math.max(60, Math.ceil(seconds))}s]))`;

/** Range, GB/s per communicator, collective and message size: a quantile over its GPUs (0 least, 0.5 median, 1 most). */
export function bandwidthQuery(quantile: number): string {
  const by = `${COMMUNICATOR}, collective, message_size`;
  return (
    `quantile by (${by}, node, exported_node) (${quantile}, ${BANDWIDTH}{n_nodes="1"})` +
    ` or quantile by (${by}) (${quantile}, ${BANDWIDTH}{n_nodes!="1"})`
  );
}

/** Which gauges: of one communicator (all where absent), of these collectives, of these spellings of a message size. */
export interface GaugeChoice {
  readonly communicator?: InspectorCommunicator;
  readonly collectives: readonly string[];
  readonly messageSizes?: readonly string[];
}

function selector({ communicator, collectives, messageSizes }: GaugeChoice): string {
  const matchers = [anyOf(collectives)];
  if (communicator) {
    const { name, ranks, nodes, slurmJob } = communicator;
    matchers.push(
      `comm_name=${text(name)}`,
      `nranks="${ranks}"`,
      `n_nodes="${nodes}"`,
      `slurm_job_id=${text(slurmJob)}`,
    );
  }
  if (messageSizes && messageSizes.length > 0) matchers.push(`message_size=~${text(messageSizes.join('|'))}`);
  return `{${matchers.join(', ')}}`;
}

/** Range, us per GPU: the mean over message sizes and collectives. */
export const execTimeQuery = (choice: GaugeChoice): string =>
  `avg by (${GPU}) (${once(`${EXEC_TIME}${selector(choice)}`)})`;
/** Range: of how many gauges that mean is. Where GPUs differ in it, their means cannot be compared. */
export const gaugeCountQuery = (choice: GaugeChoice): string =>
  `count by (${GPU}) (${once(`${EXEC_TIME}${selector(choice)}`)})`;
/** Range, GB/s per GPU: the mean over message sizes. */
export const gpuBandwidthQuery = (choice: GaugeChoice): string => `avg by (${GPU}) (${BANDWIDTH}${selector(choice)})`;

/** Instant: when node_exporter last saw each of Inspector's files written, Unix seconds. */
export const TEXTFILE_QUERY = 'node_textfile_mtime_seconds{file=~".*nccl_inspector_metrics_.*"}';

/** Scrape target and time of writing (Unix ms) of one of Inspector's files; null where a label is missing. */
export const decodeTextfile = (
  labels: LabelSet,
  mtimeSeconds: number,
): { instance: string; writtenMs: number } | null =>
  labels.instance ? { instance: labels.instance, writtenMs: mtimeSeconds * 1000 } : null;

/** Instant: the spellings of message sizes seen in the last `seconds`. */
export const messageSizesQuery = (choice: GaugeChoice, seconds: number): string =>
  `group by (message_size) (last_over_time(${EXEC_TIME}${selector(choice)}[${Math.max(60, Math.ceil(seconds))}s]))`;
