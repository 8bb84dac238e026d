/** Whether a cluster is there: from when it was last heard, and from what it said of its nodes and jobs. */
import type { Milliseconds } from '../model/units.ts';

export type ClusterState = 'alive' | 'silent' | 'ended';

/** Without a word for this long a cluster is silent. Ray exports events every second or so, metrics every 5 to 15 s. */
export const SILENT_AFTER_MS = 120_000;
/** A silent cluster without a job under way has ended after this. */
export const GRACE_MS = 900_000;
/** A silent cluster with a job that never told its end has ended after this. */
export const GIVEN_UP_MS = 86_400_000;

export interface ClusterSigns {
  readonly now: Milliseconds;
  /** Null: never. */
  readonly lastHeard: Milliseconds | null;
  /** Nodes that were told, and those of them that did not tell their end. */
  readonly nodesTold: number;
  readonly nodesAlive: number;
  readonly jobsUnderWay: number;
  /** A source that speaks regularly (metrics, State API) knew this cluster, answers now, and no longer knows it. */
  readonly heartbeatLost: boolean;
}

/**
 *   last word                 2 min          15 min                24 h
 *      |------- alive --------|--- silent ---|--- silent or ended ---|--- ended
 *                             heartbeat lost and no job: ended at once
 * A cluster all of whose nodes have told their end has ended, whenever that was.
 */
export function clusterState(signs: ClusterSigns): ClusterState {
  if (signs.lastHeard === null) return 'silent';
  if (signs.nodesTold > 0 && signs.nodesAlive === 0) return 'ended';
  const quiet = signs.now - signs.lastHeard;
  if (quiet <= SILENT_AFTER_MS) return 'alive';
  if (signs.jobsUnderWay === 0 && (signs.heartbeatLost || quiet > GRACE_MS)) return 'ended';
  return quiet > GIVEN_UP_MS ? 'ended' : 'silent';
}
