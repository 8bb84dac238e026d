'use client';
/**
 * A share's page: the component of every page that can be shared, by its name in lib/contract/pages/pages.ts. A page gets from its
 * frozen address what its route in app/(dashboard) gives it from the live one. Loaded when needed: a share shows one page.
 */
import { type ComponentType, lazy, type ReactNode } from 'react';
import { SharePage } from '../../../components/shares/share-page.tsx';
import type { FoundPage } from '../../../lib/contract/pages/find-page.ts';
import type { PageName } from '../../../lib/contract/pages/pages.ts';

const page = <Props extends object>(load: () => Promise<ComponentType<Props>>) =>
  lazy(async () => ({ default: await load() }));

const ClustersPage = page(async () => (await import('../../../components/clusters/clusters-page.tsx')).ClustersPage);
const ClusterPage = page(async () => (await import('../../../components/clusters/cluster-page.tsx')).ClusterPage);
const JobsPage = page(async () => (await import('../../../components/jobs/jobs-page.tsx')).JobsPage);
const JobPage = page(async () => (await import('../../../components/jobs/job-page.tsx')).JobPage);
const TimelinePage = page(async () => (await import('../../../components/timeline/timeline-page.tsx')).TimelinePage);
const TracesPage = page(async () => (await import('../../../components/traces/traces-page.tsx')).TracesPage);
const TracePage = page(async () => (await import('../../../components/traces/trace-page.tsx')).TracePage);
const MemoryPage = page(async () => (await import('../../../components/memory/memory-page.tsx')).MemoryPage);
const CollectivesPage = page(
  async () => (await import('../../../components/collectives/collectives-page.tsx')).CollectivesPage,
);
const AlertsPage = page(async () => (await import('../../../components/alerts/alerts-page.tsx')).AlertsPage);
const AlertPage = page(async () => (await import('../../../components/alerts/alert-page.tsx')).AlertPage);
const SourcesPage = page(async () => (await import('../../../components/sources/sources-page.tsx')).SourcesPage);

type Render = (page: FoundPage) => ReactNode;
const COMPONENTS: Readonly<Record<PageName, Render>> = {
  clusters: () => <ClustersPage />,
  cluster: ({ params }) => <ClusterPage cluster={params.cluster ?? ''} />,
  jobs: ({ query }) => <JobsPage cluster={query.get('cluster')} />,
  job: ({ params, query }) => <JobPage jobId={params.jobId ?? ''} session={query.get('session')} />,
  timeline: ({ params, query }) => <TimelinePage jobId={params.jobId ?? ''} session={query.get('session')} />,
  traces: () => <TracesPage />,
  trace: ({ params }) => <TracePage traceId={params.traceId ?? ''} />,
  memory: () => <MemoryPage />,
  collectives: () => <CollectivesPage />,
  alerts: ({ query }) => <AlertsPage cluster={query.get('cluster')} />,
  alert: ({ params }) => <AlertPage fingerprint={params.fingerprint ?? ''} />,
  sources: () => <SourcesPage />,
};

export const SharedPage = ({ token }: { token: string }) => (
  <SharePage token={token} render={(found) => COMPONENTS[found.name](found)} />
);
