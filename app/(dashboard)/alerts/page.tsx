import { AlertsPage } from '../../../components/alerts/alerts-page.tsx';

export default async function Page({ searchParams }: { searchParams: Promise<Record<string, string | string[]>> }) {
  const { cluster } = await searchParams;
  return <AlertsPage cluster={typeof cluster === 'string' ? cluster : null} />;
}
