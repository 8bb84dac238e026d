import type { Metadata } from 'next';
import { CollectivesPage } from '../../../components/collectives/collectives-page.tsx';

export const metadata: Metadata = { title: 'Collectives' };

export default function Page() {
  return <CollectivesPage />;
}
