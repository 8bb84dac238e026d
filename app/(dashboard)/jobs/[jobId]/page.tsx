import type { Metadata } from 'next';
import { JobPage } from '../../../../components/jobs/job-page.tsx';

export const metadata: Metadata = { title: 'Job' };

export default async function Page({
  params,
  searchParams,
}: {
  params: Promise<{ jobId: string }>;
  searchParams: Promise<{ session?: string }>;
}) {
  return <JobPage jobId={(await params).jobId} session={(await searchParams).session ?? null} />;
}
