import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import { AppProviders } from '../components/panels/app-providers.tsx';
import { BEFORE_PAINT } from '../components/panels/before-paint.ts';
import './globals.css';

export const metadata: Metadata = {
  title: { default: 'X-Ray', template: '%s · X-Ray' },
  description: 'Observability for distributed machine learning',
};
export const viewport: Viewport = { width: 'device-width', initialScale: 1 };
export const dynamic = 'force-dynamic';

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" suppressHydrationWarning>
      <head>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: the text of a function of ours */}
        <script dangerouslySetInnerHTML={{ __html: BEFORE_PAINT }} />
      </head>
      <body>
        <AppProviders>{children}</AppProviders>
      </body>
    </html>
  );
}
