import { clustersRoute } from '../../../lib/contract/clusters.ts';
import { listClusters } from '../../../lib/server/clusters/clusters.ts';
import { answer } from '../answer.ts';

export const GET = answer(clustersRoute, listClusters);
