import type { Metadata } from 'next';
import { SharedPage } from './shared-page.tsx';

export const metadata: Metadata = {
  title: 'Shared page',
  robots: { index: false, follow: false },
  referrer: 'no-referrer',
};

export default async function Page({ params }: { params: Promise<{ token: string }> }) {
  return <SharedPage token={(await params).token} />;
}
