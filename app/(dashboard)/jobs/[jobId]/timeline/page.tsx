import type { Metadata } from 'next';
import { TimelinePage } from '../../../../../components/timeline/timeline-page.tsx';

export const metadata: Metadata = { title: 'Timeline' };

export default async function Page({
  params,
  searchParams,
}: {
  params: Promise<{ jobId: string }>;
  searchParams: Promise<{ session?: string }>;
}) {
  return <TimelinePage jobId={(await params).jobId} session={(await searchParams).session ?? null} />;
}
