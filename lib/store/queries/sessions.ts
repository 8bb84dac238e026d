/** Which cluster each session belongs to. */
import { z } from 'zod';
import type { Engine, Query } from '../engine.ts';
import { SESSION_CLUSTERS } from './jobs.ts';

const sessions: Query<{ session: string; cluster: string }> = {
  name: 'session-clusters',
  sql: `SELECT session, cluster FROM ${SESSION_CLUSTERS}`,
  row: z.object({ session: z.string(), cluster: z.string() }),
};

/** Cluster name by session. */
export async function sessionClusters(engine: Engine): Promise<ReadonlyMap<string, string>> {
  return new Map((await engine.select(sessions)).map((row) => [row.session, row.cluster]));
}
