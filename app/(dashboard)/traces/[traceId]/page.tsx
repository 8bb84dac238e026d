import type { Metadata } from 'next';
import { TracePage } from '../../../../components/traces/trace-page.tsx';

export const metadata: Metadata = { title: 'Trace' };

export default async function Page({ params }: { params: Promise<{ traceId: string }> }) {
  return <TracePage traceId={(await params).traceId} />;
}
