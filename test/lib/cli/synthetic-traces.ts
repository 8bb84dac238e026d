/** SYNTHETIC traces of PyTorch's profiler with NCCL operations, in the forms of several versions of torch. */

export const BASE_NS = 1_795_000_000_000_000_000n;
type Event = Record<string, unknown>;

export interface SyntheticOperation {
  /** As torch spells it: `_allgather_base`. */
  readonly name: string;
  readonly kernel?: string;
  /** us after the run began. */
  readonly startUs: number;
  readonly us: number;
  readonly inElements?: number;
  readonly outElements?: number;
  readonly dtype?: string;
  readonly group?: {
    readonly name: string;
    readonly description?: string;
    readonly ranks?: readonly number[] | string;
    readonly size?: number;
  };
  readonly args?: Event;
}

export interface SyntheticTrace {
  readonly rank: number | null;
  readonly operations: readonly SyntheticOperation[];
  readonly info?: Event | null;
  readonly host?: string;
  /** us of the run's begin after the base. */
  readonly atUs?: number;
  /** `arguments`: kernels say what they are. `launch`: their launch does (up to torch 2.1). `none`: only annotations were recorded. */
  readonly kernels?: 'arguments' | 'launch' | 'bare' | 'none';
  /** Times count from 1970, as up to torch 2.1. */
  readonly isAbsolute?: boolean;
}

const KERNELS: readonly (readonly [RegExp, string])[] = [
  [/allreduce|all_reduce|barrier/, 'ncclDevKernel_AllReduce_Sum_f32_RING_LL(ncclDevKernelArgsStorage<4096ul>)'],
  [/gather/, 'ncclDevKernel_AllGather_RING_LL(ncclDevKernelArgsStorage<4096ul>)'],
  [/reduce_scatter/, 'ncclDevKernel_ReduceScatter_Sum_f32_RING_LL(ncclDevKernelArgsStorage<4096ul>)'],
  [/broadcast/, 'ncclDevKernel_Broadcast_RING_LL(ncclDevKernelArgsStorage<4096ul>)'],
  [/./, 'ncclDevKernel_SendRecv(ncclDevKernelArgsStorage<4096ul>)'],
];

export function syntheticTrace(trace: SyntheticTrace): string {
  const { rank, operations, kernels = 'arguments', atUs = 0, isAbsolute = false, host = '' } = trace;
  const base = isAbsolute ? Number(BASE_NS / 1000n) : 0;
  const at = (us: number): number => base + atUs + us;
  const events: Event[] = [
    {
      ph: 'X',
      cat: 'Trace',
      name: 'PyTorch Profiler (0)',
      pid: 'Spans',
      tid: 'PyTorch Profiler',
      ts: at(0),
      dur: 1e6,
      args: {},
    },
  ];
  operations.forEach((operation, i) => {
    const { name, startUs, us, group, inElements = 1024, outElements = inElements, dtype = 'Float' } = operation;
    const said = {
      'Collective name': name,
      'In msg nelems': inElements,
      'Out msg nelems': outElements,
      dtype,
      ...(group === undefined
        ? {}
        : {
            'Process Group Name': group.name,
            'Group size': group.size ?? (Array.isArray(group.ranks) ? group.ranks.length : undefined),
            'Process Group Description': group.description ?? 'undefined',
            'Process Group Ranks': Array.isArray(group.ranks) ? `[${group.ranks.join(', ')}]` : group.ranks,
          }),
      ...operation.args,
    };
    const call = { ph: 'X', pid: 900, tid: 11, args: {} };
    // The launch comes 50 us before the kernel, and says nothing of how long that takes.
    events.push({
      ...call,
      cat: 'cpu_op',
      name: 'record_param_comms',
      ts: at(startUs - 60),
      dur: 40,
      args: {
        'External id': 1000 + i,
        ...(kernels === 'launch'
          ? {
              'Concrete Inputs': ['', String(i), '0', String(rank), name, '[]', '[]', '0', '1', '2'],
              'Input Dims': [[inElements], [], [], [], [], [], [], [], [], []],
              'Input type': ['float', 'Scalar', 'Scalar', 'Scalar', '', '', '', 'Scalar', 'Scalar', 'Scalar'],
            }
          : kernels === 'bare'
            ? {}
            : said),
      },
    });
    events.push({ ...call, cat: 'user_annotation', name: `nccl:${name}`, ts: at(startUs - 55), dur: 30 });
    if (kernels === 'none') return;
    if (kernels !== 'bare')
      events.push({
        ...call,
        cat: 'cuda_runtime',
        name: 'cudaLaunchKernelExC',
        ts: at(startUs - 50),
        dur: 8,
        args: { correlation: 5000 + i },
      });
    events.push({
      ph: 'X',
      cat: 'kernel',
      name: operation.kernel ?? KERNELS.find(([of]) => of.test(name))?.[1],
      pid: 0,
      tid: 40,
      ts: at(startUs),
      dur: us,
      args: { device: 0, stream: 40, correlation: 5000 + i, ...(kernels === 'arguments' ? said : {}) },
    });
  });
  const info = trace.info === undefined ? { backend: 'nccl', rank, world_size: 2 } : trace.info;
  return JSON.stringify({
    schemaVersion: 1,
    ...(info === null ? {} : { distributedInfo: info }),
    ...(host === '' ? {} : { host_name: host }),
    traceEvents: events,
    traceName: 'synthetic.pt.trace.json',
    displayTimeUnit: 'ms',
  }).replace(/\}$/, isAbsolute ? '}' : `,"baseTimeNanoseconds":${BASE_NS}}`);
}

/**
 * Operations that each begin `everyUs` after the one before. The late rank arrives `lateUs` after the others, and all leave together:
 * the transfer takes `us`.
 */
export const operationsOf = (
  count: number,
  rank: number,
  of: Omit<SyntheticOperation, 'startUs' | 'us'>,
  { lateRank = -1, lateUs = 300, us = 100, everyUs = 2000, fromUs = 1000 } = {},
): SyntheticOperation[] =>
  Array.from({ length: count }, (_, i) => ({
    ...of,
    startUs: fromUs + i * everyUs + (rank === lateRank ? lateUs : 0),
    us: us + (rank === lateRank || lateRank === -1 ? 0 : lateUs),
  }));
