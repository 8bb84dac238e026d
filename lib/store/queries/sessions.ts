/** Which cluster each session belongs to. */
import { z } from 'zod';
import type { Engine, Query } from '../engine.ts';
import { SESSION_CLUSTERS } from './jobs.ts';

const sessions: Query<{ session: string; cluster: string }> = {
  name: 'session-clusters',
  sql: `SELECT session, cluster FROM ${SESSION_CLUSTERS} WHERE empty({sessions:Array(String)}) OR session IN {sessions:Array(String)}`,
  row: z.object({ session: z.string(), cluster: z.string() }),
};

/** Cluster name by session: of these sessions, or of all. There may be very many. */
export async function sessionClusters(engine: Engine, only?: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (only?.length === 0) return new Map();
  return new Map((await engine.select(sessions, { sessions: only ?? [] })).map((row) => [row.session, row.cluster]));
}
