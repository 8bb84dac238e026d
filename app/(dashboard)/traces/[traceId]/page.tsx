import type { Metadata } from 'next';
import { TracePage } from '../../../../components/panels/trace-page.tsx';

export const metadata: Metadata = { title: 'Trace' };

export default async function Page({
  params,
  searchParams,
}: {
  params: Promise<{ traceId: string }>;
  searchParams: Promise<{ span?: string }>;
}) {
  return <TracePage traceId={(await params).traceId} span={(await searchParams).span ?? null} />;
}
