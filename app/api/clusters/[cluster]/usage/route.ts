import { clusterUsageRoute } from '../../../../../lib/contract/clusters.ts';
import { getClusterUsage } from '../../../../../lib/server/clusters/cluster.ts';
import { answer } from '../../../answer.ts';

export const GET = answer(clusterUsageRoute, getClusterUsage);
