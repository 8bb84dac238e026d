/** Which attempts of a timeline that is all in hand the filters of its address leave; of larger ones the server says so. */
import type { TimelineColumns } from './timeline-columns.ts';

const { compare } = new Intl.Collator('en', { numeric: true });

/** Filters as they stand in the address; '' filters nothing. `longer`: least duration in ns. */
export interface LaneFilter {
  readonly fn: string;
  readonly state: string;
  readonly node: string;
  readonly actor: string;
  readonly longer: string;
}

/** How long an attempt has lasted, ns; one that runs still: until now; one that never began: 0. */
function lasts({ columns, originNs, nowNs }: TimelineColumns, row: number): number {
  const start = columns.start[row] ?? null;
  if (start === null) return 0;
  return (columns.end[row] ?? Number(BigInt(nowNs) - BigInt(originNs))) - start;
}

/** Says of a row whether it is left; undefined where all are. */
export function keptRows(data: TimelineColumns, filter: LaneFilter): ((row: number) => boolean) | undefined {
  const { fn, state, node, actor, longer } = filter;
  if ([fn, state, node, actor, longer].every((option) => option === '')) return undefined;
  const { columns } = data;
  const wanted = { fn: data.functions.indexOf(fn), state: data.states.indexOf(state), longer: Number(longer) };
  return (row) => {
    const lane = data.lanes[columns.lane[row] ?? -1];
    return (
      (fn === '' || columns.function[row] === wanted.fn) &&
      (state === '' || columns.state[row] === wanted.state) &&
      (node === '' || lane?.nodeKey === node) &&
      (actor === '' || lane?.actor === actor) &&
      (longer === '' || lasts(data, row) >= wanted.longer)
    );
  };
}

/** Nodes that have lanes and a key, by name. */
export function nodesOfLanes({ lanes }: Pick<TimelineColumns, 'lanes'>) {
  const nodes = new Map<string, { key: string; nodeName: string; nodeId: string }>();
  for (const { nodeKey, nodeName, nodeId } of lanes)
    if (nodeKey) nodes.set(nodeKey, { key: nodeKey, nodeName, nodeId });
  return [...nodes.values()].sort((a, b) => compare(a.nodeName, b.nodeName));
}
