import type { Metadata } from 'next';
import { MemoryPage } from '../../../components/panels/memory-page.tsx';

export const metadata: Metadata = { title: 'Memory' };

export default function Page() {
  return <MemoryPage />;
}
