'use client';
/** Clusters, one cluster, and its use over time. */
import {
  clusterAddress,
  clustersAddress,
  clusterUsageAddress,
  jobsAddress,
} from '../../lib/contract/requests/addresses.ts';
import { useApi } from './api-client.ts';

export const useClusters = () => useApi(clustersAddress, {}, { refreshMs: 10_000 });

export const useCluster = (cluster: string, session: string | null, actorState: string | null) =>
  useApi(
    clusterAddress,
    { cluster, ...(session ? { session } : {}), ...(actorState ? { actorState } : {}) },
    { refreshMs: 10_000 },
  );

/** [fromMs, toMs) in Unix ms. Asked once the session is known, so that it need not be looked for again. */
export const useClusterUsage = (cluster: string, session: string | null, fromMs: number, toMs: number) =>
  useApi(
    clusterUsageAddress,
    { cluster, ...(session ? { session } : {}), from: String(fromMs), to: String(toMs), points: 240 },
    { enabled: session !== null, refreshMs: 15_000 },
  );

export const useClusterJobs = (cluster: string, session: string | null) =>
  useApi(jobsAddress, { cluster, ...(session ? { session } : {}), limit: 50 }, { enabled: session !== null });
