'use client';
/** Clusters, one cluster, and its use over time. */
import { clusterRoute, clustersRoute, clusterUsageRoute } from '../../lib/contract/clusters.ts';
import { jobsRoute } from '../../lib/contract/jobs.ts';
import { useApi } from './api-client.ts';

export const useClusters = () => useApi(clustersRoute, {}, { refreshMs: 10_000 });

export const useCluster = (cluster: string, session: string | null, actorState: string | null) =>
  useApi(
    clusterRoute,
    { cluster, ...(session ? { session } : {}), ...(actorState ? { actorState } : {}) },
    { refreshMs: 10_000 },
  );

/** [fromMs, toMs) in Unix ms. Asked once the session is known, so that it need not be looked for again. */
export const useClusterUsage = (cluster: string, session: string | null, fromMs: number, toMs: number) =>
  useApi(
    clusterUsageRoute,
    { cluster, ...(session ? { session } : {}), from: String(fromMs), to: String(toMs), points: 240 },
    { enabled: session !== null, refreshMs: 15_000 },
  );

export const useClusterJobs = (cluster: string, session: string | null) =>
  useApi(jobsRoute, { cluster, ...(session ? { session } : {}), limit: 50 }, { enabled: session !== null });
