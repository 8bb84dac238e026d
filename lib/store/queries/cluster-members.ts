/** Nodes and actors of one session as they stand. */
import { z } from 'zod';
import type { Query } from '../engine.ts';

const Count = z.coerce.number();
const Ns = z.string().nullable();

export interface NodeRow {
  readonly node_id: string;
  readonly ip: string;
  readonly name: string;
  readonly hostname: string;
  readonly is_head: number | null;
  readonly resources: string;
  readonly labels: string;
  readonly start_ns: string | null;
  readonly end_ns: string | null;
  readonly death_reason: string;
  readonly alive_ns: string | null;
  /** Nodes of the session, listed or not. */
  readonly all: number;
}

/** Nodes of one session that are listed. */
export const MOST_NODES = 10_000;

/** Head first, then those that live, then by name; MOST_NODES at most. Parameter: session. */
export const sessionNodes: Query<NodeRow> = {
  name: 'session-nodes',
  sql: `SELECT node_id, max(ip) AS ip, max(name) AS name, max(hostname) AS hostname, max(is_head) AS is_head, max(resources) AS resources,
      max(labels) AS labels, min(start_ns) AS start_ns, min(end_ns) AS end_ns, max(death_reason) AS death_reason, max(alive_ns) AS alive_ns,
      count() OVER () AS all
    FROM xray.ray_nodes WHERE session = {session:String} GROUP BY node_id
    ORDER BY ifNull(is_head, 0) DESC, end_ns IS NOT NULL, name, node_id LIMIT ${MOST_NODES}`,
  row: z.object({
    node_id: z.string(),
    ip: z.string(),
    name: z.string(),
    hostname: z.string(),
    is_head: Count.nullable(),
    resources: z.string(),
    labels: z.string(),
    start_ns: Ns,
    end_ns: Ns,
    death_reason: z.string(),
    alive_ns: Ns,
    all: Count,
  }),
};

export interface ActorRow {
  readonly actor_id: string;
  readonly job_id: string;
  readonly class_name: string;
  readonly name: string;
  readonly state: string;
  readonly node_id: string;
  readonly worker_id: string;
  readonly pid: number | null;
  readonly restarts: number | null;
  readonly death_cause: string;
}

/**
 * An actor's state is the one with the newest time; of two at the same time the one further on in its life. Ray's own
 * actors (the Jobs API's supervisors) are among them, as the State API shows them too.
 */
const ACTORS = `(
  SELECT actor_id, max(job_id) AS job, max(class_name) AS class, max(name) AS actor_name, maxMap(state_ns) AS states,
    multiIf(empty(states), 'UNKNOWN', arrayReverseSort(x -> (x.1, x.2), arrayMap((t, s) ->
      (t, indexOf(['DEPENDENCIES_UNREADY', 'PENDING_CREATION', 'RESTARTING', 'ALIVE', 'DEAD'], s), s), mapValues(states), mapKeys(states)))[1].3) AS state,
    max(node_id) AS node, max(worker_id) AS worker, max(pid) AS last_pid, max(restarts) AS restarted, max(death_cause) AS cause
  FROM xray.ray_actors WHERE session = {session:String} GROUP BY actor_id
)`;

/** Parameter: session. */
export const actorStates: Query<{ state: string; count: number }> = {
  name: 'actor-states',
  sql: `SELECT state, count() AS count FROM ${ACTORS} GROUP BY state ORDER BY state`,
  row: z.object({ state: z.string(), count: Count }),
};

/** Living actors first, then by class and name. Parameters: session, state ('' for any), limit. */
export const sessionActors: Query<ActorRow> = {
  name: 'session-actors',
  sql: `SELECT actor_id, job AS job_id, class AS class_name, actor_name AS name, state, node AS node_id, worker AS worker_id, last_pid AS pid,
      restarted AS restarts, cause AS death_cause
    FROM ${ACTORS} WHERE {state:String} = '' OR state = {state:String}
    ORDER BY state = 'DEAD', class_name, length(name), name, actor_id LIMIT {limit:UInt32}`,
  row: z.object({
    actor_id: z.string(),
    job_id: z.string(),
    class_name: z.string(),
    name: z.string(),
    state: z.string(),
    node_id: z.string(),
    worker_id: z.string(),
    pid: Count.nullable(),
    restarts: Count.nullable(),
    death_cause: z.string(),
  }),
};
