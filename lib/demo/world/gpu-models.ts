/** Kinds of GPU that a simulated cluster can be made of: what they are called, hold and draw, and how they are joined. */

export interface GpuModel {
  /** As Ray and the exporters call it. */
  readonly name: string;
  /** Whose exporter tells of it. */
  readonly exporter: 'dcgm' | 'amd';
  /** `node_type` of its nodes. */
  readonly nodeType: string;
  /** All of its memory, and what the driver keeps of it, MiB. */
  readonly memoryMib: number;
  readonly reservedMib: number;
  /** Clock of its compute units, MHz: while nothing runs, under load, and held back by heat. */
  readonly clockMhz: { readonly idle: number; readonly busy: number; readonly throttled: number };
  readonly memoryClockMhz: number;
  /** Power while nothing runs, and what computing adds, W; held back by heat it adds less. */
  readonly watts: { readonly idle: number; readonly busy: number; readonly throttled: number };
  /**
   * Bandwidth that is achieved inside a node, bytes per second: bus bandwidth of large AllReduces in a ring, and by reduction
   * inside the switch where there is one; from one GPU to each of its peers where a link joins every two.
   */
  readonly fabric: { readonly ring: number; readonly inSwitch: number | null; readonly peer: number | null };
}

export const GPU_MODELS = {
  /** FB total of an H100 80GB; NVLink 4 through NVSwitch. */
  h100: {
    name: 'NVIDIA H100 80GB HBM3',
    exporter: 'dcgm',
    nodeType: 'sim_h100',
    memoryMib: 81_559,
    reservedMib: 551,
    clockMhz: { idle: 345, busy: 1755, throttled: 1395 },
    memoryClockMhz: 2619,
    watts: { idle: 95, busy: 560, throttled: 380 },
    fabric: { ring: 345e9, inSwitch: 400e9, peer: null },
  },
  /** 192 GiB; seven links of Infinity Fabric to its peers, and no switch: 313 GB/s measured of 448, 48 of the 64 of each link. */
  mi300x: {
    name: 'AMD Instinct MI300X',
    exporter: 'amd',
    nodeType: 'sim_mi300x',
    memoryMib: 196_592,
    reservedMib: 283,
    clockMhz: { idle: 132, busy: 2100, throttled: 1650 },
    memoryClockMhz: 1300,
    watts: { idle: 140, busy: 560, throttled: 400 },
    fabric: { ring: 313e9, inSwitch: null, peer: 48e9 },
  },
} as const satisfies Readonly<Record<string, GpuModel>>;
export type GpuModelName = keyof typeof GPU_MODELS;
