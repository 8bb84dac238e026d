import { clusterRoute } from '../../../../lib/contract/clusters.ts';
import { getCluster } from '../../../../lib/server/clusters/cluster.ts';
import { answer } from '../../answer.ts';

export const GET = answer(clusterRoute, getCluster);
