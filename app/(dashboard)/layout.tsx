import { headers } from 'next/headers';
import type { ReactNode } from 'react';
import { Shell } from '../../components/shell/shell.tsx';

export default async function DashboardLayout({ children }: { children: ReactNode }) {
  // From the door (lib/server/http/door.ts): the reader signed in here.
  const canSignOut = (await headers()).has('x-xray-session');
  return <Shell canSignOut={canSignOut}>{children}</Shell>;
}
