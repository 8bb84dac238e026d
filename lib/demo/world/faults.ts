/**
 * What is broken: the truth that only the simulation's process knows. Nothing else may read it (test/lib/demo/truth.test.ts); what it
 * does to the cluster shows in what the cluster emits. Times are Unix ms; ranks are those of the training job, 8 to a node.
 */
const MINUTE = 60_000;

export interface Faults {
  /** A GPU that runs hot, and `factor` times as slow, from `start` on. */
  readonly throttle: { readonly rank: number; readonly start: number; readonly factor: number } | null;
  /**
   * A rank that takes longer in `share` of its steps from `start` on: it computes `factor` times as long, and pauses `pauseMs` in
   * the backward pass. `xid`: what its GPU reports meanwhile, with rows that it remapped; null: nothing.
   */
  readonly slow: {
    readonly rank: number;
    readonly start: number;
    readonly share: number;
    readonly factor: number;
    readonly pauseMs: number;
    readonly xid: number | null;
  } | null;
  /**
   * A node whose link to the others is bad: in `share` of the steps, transfers of communicators that cross it take `factor` times
   * as long, for `length` ms from `start` on and again every `period` ms. `isLossy`: packets are damaged and sent again; else the
   * link has lost lanes and says so by its rate.
   */
  readonly link: {
    readonly node: number;
    readonly start: number;
    readonly length: number;
    readonly period: number;
    readonly factor: number;
    readonly share: number;
    readonly isLossy: boolean;
  } | null;
  /** A rank that computes a little longer while the link is bad, and is not its cause. */
  readonly decoy: { readonly rank: number; readonly ms: number } | null;
  /**
   * A node whose ranks begin each step `ms` later, from `start` on. `isCpu`: because others take its CPUs, so that it changes from
   * step to step; else because they wait for their data.
   */
  readonly stall: {
    readonly node: number;
    readonly start: number;
    readonly ms: number;
    readonly isCpu: boolean;
  } | null;
  /** A node whose storage is slow: shards take `factor` times as long to load there, from `start` on. */
  readonly storage: { readonly node: number; readonly start: number; readonly factor: number } | null;
  /** A rank that never joins the AllReduce of the step that runs at `start`: the job stands still from then on. */
  readonly hang: { readonly rank: number; readonly start: number } | null;
  /** A node whose clock is wrong by `ms`: its spans say so, nothing else is broken. */
  readonly skew: { readonly node: number; readonly ms: number } | null;
  /** Whether build_index grows until Ray kills a neighbour. */
  readonly memory: boolean;
}

/** Nothing is broken. */
export const NO_FAULTS: Faults = {
  throttle: null,
  slow: null,
  link: null,
  decoy: null,
  stall: null,
  storage: null,
  hang: null,
  skew: null,
  memory: false,
};

/** What is broken in the demo: a GPU that throttles, a function that grows, and in clusters of four nodes or more a link. */
export function demoFaults(anchor: number, nodes: number, gpusPerNode: number): Faults {
  const isLarge = nodes >= 4;
  return {
    ...NO_FAULTS,
    throttle: { rank: Math.min(11, nodes * gpusPerNode - 1), start: anchor - 25 * MINUTE, factor: 1.22 },
    link: isLarge
      ? {
          node: nodes - 2,
          start: anchor - 12 * MINUTE,
          length: 40 * MINUTE,
          period: 75 * MINUTE,
          factor: 2.4,
          share: 1,
          isLossy: false,
        }
      : null,
    decoy: isLarge ? { rank: (nodes - 1) * gpusPerNode + 5, ms: 4 } : null,
    memory: true,
  };
}
