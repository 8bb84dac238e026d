/** What metrics say of one raylet and its host at one moment. Null: not measured. */
import type { LabelSet } from './series.ts';
import type { Bytes, Milliseconds, Ratio } from './units.ts';

export interface GpuMeasurement {
  /** Index on its host. */
  readonly index: number;
  /** Unique where the driver tells it; else ''. */
  readonly uuid: string;
  readonly name: string | null;
  readonly utilization: Ratio | null;
  readonly memoryUsed: Bytes | null;
  readonly memoryTotal: Bytes | null;
}

/**
 * One scrape target of Ray's dashboard agent: there is one per raylet. Utilisation, memory and GPUs are those of the
 * host, so two raylets on one host both tell the same; logical CPUs and GPUs are the raylet's own.
 */
export interface NodeMeasurement {
  readonly session: string;
  /** Every label of the target's series that is not a metric's own: `SessionName`, `ray_io_cluster`, `cluster`, ... */
  readonly labels: LabelSet;
  readonly instance: string;
  /** Every scrape target that measured it, `instance` among them. */
  readonly instances: readonly string[];
  readonly ip: string;
  readonly isHead: boolean | null;
  readonly rayVersion: string | null;
  /** When the newest sample was taken. */
  readonly sampled: Milliseconds | null;
  readonly cpuUtilization: Ratio | null;
  /** CPUs of the host. */
  readonly cpuCount: number | null;
  readonly memoryUsed: Bytes | null;
  readonly memoryTotal: Bytes | null;
  /** Logical resources: what Ray has given away and what there is. */
  readonly cpuAllocated: number | null;
  readonly cpuTotal: number | null;
  readonly gpuAllocated: number | null;
  readonly gpuTotal: number | null;
  readonly gpus: readonly GpuMeasurement[];
}
