import type { Metadata } from 'next';
import { JobsPage } from '../../../components/jobs/jobs-page.tsx';

export const metadata: Metadata = { title: 'Jobs' };

export default async function Page({ searchParams }: { searchParams: Promise<{ cluster?: string }> }) {
  return <JobsPage cluster={(await searchParams).cluster ?? null} />;
}
