import type { Metadata } from 'next';
import { ClusterPage } from '../../../../components/clusters/cluster-page.tsx';

export const metadata: Metadata = { title: 'Cluster' };

export default async function Page({ params }: { params: Promise<{ cluster: string }> }) {
  return <ClusterPage cluster={decodeURIComponent((await params).cluster)} />;
}
