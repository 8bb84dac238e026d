import type { Metadata, Viewport } from 'next';
import { headers } from 'next/headers';
import type { ReactNode } from 'react';
import { AppProviders } from '../components/shell/app-providers.tsx';
import { BEFORE_PAINT } from '../components/shell/before-paint.ts';
import './globals.css';

export const metadata: Metadata = {
  title: { default: 'X-Ray', template: '%s · X-Ray' },
  description: 'Observability for distributed machine learning',
};
export const viewport: Viewport = { width: 'device-width', initialScale: 1 };
export const dynamic = 'force-dynamic';

export default async function RootLayout({ children }: { children: ReactNode }) {
  // From the door (lib/server/http/door.ts): what marks the inline scripts of this answer as ours.
  const nonce = (await headers()).get('x-xray-nonce') ?? undefined;
  return (
    <html lang="en" suppressHydrationWarning>
      <head>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: the text of a function of ours */}
        <script nonce={nonce} suppressHydrationWarning dangerouslySetInnerHTML={{ __html: BEFORE_PAINT }} />
      </head>
      <body>
        <AppProviders>{children}</AppProviders>
      </body>
    </html>
  );
}
