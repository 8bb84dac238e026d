import { AlertPage } from '../../../../components/alerts/alert-page.tsx';

export default async function Page({ params }: { params: Promise<{ fingerprint: string }> }) {
  return <AlertPage fingerprint={(await params).fingerprint} />;
}
