/**
 * How long an AllReduce takes once all ranks are there: NCCL's own model (src/graph/tuning.cc), for each algorithm and protocol a
 * latency and the bytes over a bandwidth, of which the fastest is taken. Between nodes there are eight ports of 400 Gb/s. RCCLX has
 * ways of its own inside a node of eight, taken by size alone.
 */
import type { GpuModel } from './gpu-models.ts';

type Algorithm = 'Ring' | 'Tree' | 'NVLS' | 'DDA_FLAT' | 'DDA_TREE' | 'LP_FP8';
type Protocol = 'LL' | 'LL128' | 'Simple';

export interface AllReducePlan {
  readonly algorithm: Algorithm;
  readonly protocol: Protocol;
  readonly latencyMs: number;
  /** Of the bytes, when nothing on the way is bad. */
  readonly transferMs: number;
}

/** How long it takes, ms, when nothing on the way is bad. */
export const planMs = ({ latencyMs, transferMs }: AllReducePlan): number => latencyMs + transferMs;

const PROTOCOLS: readonly Protocol[] = ['LL', 'LL128', 'Simple'];
type Latencies = Readonly<Record<'Ring' | 'Tree', Readonly<Record<Protocol, number>>>>;
/** µs: once, for a step over NVLink, and for one over the network. */
const BASE: Latencies = { Ring: { LL: 6.6, LL128: 14, Simple: 8.4 }, Tree: { LL: 6.8, LL128: 14, Simple: 8.4 } };
const INTRA: Latencies = { Ring: { LL: 0.6, LL128: 1.9, Simple: 3.4 }, Tree: { LL: 0.6, LL128: 1.25, Simple: 4 } };
const INTER: Latencies = { Ring: { LL: 2.7, LL128: 4, Simple: 14 }, Tree: { LL: 5, LL128: 8.5, Simple: 14 } };
const NVLS_LATENCY = 25;

/** Bus bandwidth that large messages achieve in a ring over nodes, bytes per second. */
const NETWORK = 342e9;
/** What the other protocols and the tree leave of it. */
const SHARE: Readonly<Record<Protocol, number>> = { LL: 0.5, LL128: 0.92, Simple: 1 };
const TREE_SHARE = 0.92;

/** `ranks` spread evenly over `nodes`, whose GPUs `fabric` joins; `bytes`: the message of each. */
export function allReducePlan(bytes: number, ranks: number, nodes: number, fabric: GpuModel['fabric']): AllReducePlan {
  const traffic = (2 * (ranks - 1) * bytes) / ranks;
  const plan = (algorithm: Algorithm, protocol: Protocol, latencyUs: number, busBandwidth: number): AllReducePlan => ({
    algorithm,
    protocol,
    latencyMs: latencyUs / 1000,
    transferMs: (traffic / busBandwidth) * 1000,
  });
  const steps = 2 * (ranks - 1);
  const between = nodes > 1 ? 2 * nodes : 0;
  const ring = nodes > 1 ? NETWORK : fabric.ring;
  const plans = PROTOCOLS.flatMap((protocol) => [
    plan(
      'Ring',
      protocol,
      BASE.Ring[protocol] + (steps - between) * INTRA.Ring[protocol] + between * INTER.Ring[protocol],
      ring * SHARE[protocol],
    ),
    plan(
      'Tree',
      protocol,
      BASE.Tree[protocol] + 2 * ((ranks / nodes - 1) * INTRA.Tree[protocol] + Math.log2(nodes) * INTER.Tree[protocol]),
      ring * TREE_SHARE * SHARE[protocol],
    ),
  ]);
  if (nodes === 1 && fabric.inSwitch !== null) plans.push(plan('NVLS', 'Simple', NVLS_LATENCY, fabric.inSwitch));
  return plans.reduce((best, one) => (planMs(one) < planMs(best) ? one : best));
}

/** RCCLX's limits (RCCL_DDA_ALL_REDUCE_FLAT_MAX_BYTES, ..._TREE_MAX_BYTES, LOW_PRECISION_MSG_SIZE_THRESHOLD) and ranks, bytes. */
const DDA_RANKS = 8;
const DDA_FLAT_MOST = 204_800;
const DDA_TREE_MOST = 30_408_704;
const LOW_PRECISION_LEAST = 16 * 1024 ** 2;
/** µs: a kernel that meets its peers, and reads what they hold; quantising and its inverse, on both sides of two exchanges. */
const DDA_PHASE = 9;
const LOW_PRECISION_LATENCY = 48;
/** Bytes of bfloat16 for each that goes over the wire as FP8. */
const LOW_PRECISION_SAVING = 2;

/**
 * How RCCLX does an AllReduce of `bytes` of bfloat16 (sum) with low precision switched on, as its `ncclAllReduce_impl` decides: FP8 on
 * the wire for large messages, direct access to the peers' memory (DDA) for small ones: flat, where each reads all of its peers at
 * once, or as a tree, a share of each and then the shares; else what RCCL does.
 */
export function rcclxAllReducePlan(bytes: number, ranks: number, fabric: GpuModel['fabric']): AllReducePlan {
  const { peer } = fabric;
  if (peer === null || ranks !== DDA_RANKS) return allReducePlan(bytes, ranks, 1, fabric);
  // Over all links at once: so many bytes over each.
  const plan = (algorithm: Algorithm, latencyUs: number, bytesOfLink: number): AllReducePlan => ({
    algorithm,
    protocol: 'Simple',
    latencyMs: latencyUs / 1000,
    transferMs: (bytesOfLink / peer) * 1000,
  });
  const shares = (2 * bytes) / ranks;
  if (bytes >= LOW_PRECISION_LEAST) return plan('LP_FP8', LOW_PRECISION_LATENCY, shares / LOW_PRECISION_SAVING);
  if (bytes <= DDA_FLAT_MOST) return plan('DDA_FLAT', DDA_PHASE, bytes);
  if (bytes <= DDA_TREE_MOST) return plan('DDA_TREE', 2 * DDA_PHASE, shares / TREE_SHARE);
  return allReducePlan(bytes, ranks, 1, fabric);
}
