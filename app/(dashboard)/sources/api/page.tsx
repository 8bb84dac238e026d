import type { Metadata } from 'next';
import { ApiPage } from '../../../../components/sources/api-page.tsx';

export const metadata: Metadata = { title: 'HTTP API' };

export default function Page() {
  return <ApiPage />;
}
