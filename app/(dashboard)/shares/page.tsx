import type { Metadata } from 'next';
import { SharesPage } from '../../../components/shares/shares-page.tsx';

export const metadata: Metadata = { title: 'Shares' };

export default function Page() {
  return <SharesPage />;
}
