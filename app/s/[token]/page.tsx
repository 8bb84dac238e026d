import type { Metadata } from 'next';
import { SharePage } from '../../../components/panels/share-page.tsx';

export const metadata: Metadata = {
  title: 'Shared page',
  robots: { index: false, follow: false },
  referrer: 'no-referrer',
};

export default async function Page({ params }: { params: Promise<{ token: string }> }) {
  return <SharePage token={(await params).token} />;
}
