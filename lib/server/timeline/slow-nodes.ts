/** Use case: functions of a job that take longer on one node than on the others, judged by their newest attempts. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MOST_RUNS, type NodeRuns, type SlowNode, slowNode } from '../../analysis/slow-node.ts';
import type { SlowNodesWire } from '../../contract/jobs.ts';
import { nodeNames } from '../../store/queries/timeline/timeline.ts';
import { newestRuns } from '../../store/queries/timeline/timeline-slices.ts';
import type { JobQuery } from '../jobs/jobs.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { jobNames } from '../tiles/known-lanes.ts';
import { keyOf } from '../tiles/slice-filter.ts';

/** A node that was slow an hour ago is history. */
const WINDOW_NS = 3_600_000_000_000n;
/** Pairs of function and node. */
const MOST_PAIRS = 20_000;
const TIMEOUT_MS = 20_000;
const question = newestRuns(MOST_RUNS);

/** Throws ProblemError where there is no such job, or several. */
export async function slowNodes(runtime: Runtime, query: JobQuery, signal?: AbortSignal): Promise<SlowNodesWire> {
  const { which } = await jobNames(runtime, query);
  await runtime.timelines.caughtUp(which.session, which.job);
  const options = { timeoutMs: TIMEOUT_MS, ...(signal ? { signal } : {}) };
  const [rows, names] = await Promise.all([
    runtime.engine.select(question, { ...which, window: WINDOW_NS, limit: MOST_PAIRS }, options),
    runtime.engine.select(nodeNames, { session: which.session }, options),
  ]);
  const nameOf = new Map(names.map((row) => [row.node_id, row.name || row.ip]));
  const keys = new Map(rows.map((row) => [row.node_id, keyOf(row.node)]));
  const judged = [...Map.groupBy(rows, (row) => row.function)].filter(([, nodes]) => nodes.length > 1);
  const found: { name: string; slow: SlowNode }[] = [];
  for (const [name, nodes] of judged) {
    await nextTurn();
    const runs = nodes.map(
      (row): NodeRuns => ({ node: row.node_id, startNs: row.starts.map(BigInt), durationNs: row.lasts }),
    );
    const slow = slowNode(runs, judged.length);
    if (slow !== null) found.push({ name, slow });
  }
  const cost = ({ slow }: (typeof found)[number]): number => (slow.median - slow.othersMedian) * slow.attempts;
  return {
    slowNodes: found
      .sort((a, b) => cost(b) - cost(a))
      .map(({ name, slow }) => ({
        function: name,
        nodeId: slow.node,
        nodeName: nameOf.get(slow.node) || slow.node.slice(0, 8),
        nodeKey: keys.get(slow.node) ?? '',
        attempts: slow.attempts,
        othersAttempts: slow.others,
        p50Ns: String(Math.round(slow.median)),
        othersP50Ns: String(Math.round(slow.othersMedian)),
        sinceNs: slow.sinceNs.toString(),
        chance: slow.chance,
      })),
    judged: judged.length,
  };
}
