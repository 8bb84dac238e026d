'use client';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { NuqsAdapter } from 'nuqs/adapters/next/app';
import { type ReactNode, useEffect, useState } from 'react';

/** Answers are checked once the page is shown: the schemas are no part of what it needs for that. */
const CHECK_AFTER_MS = process.env.NODE_ENV === 'production' ? 1_000 : 0;

export function AppProviders({ children }: { children: ReactNode }) {
  const [client] = useState(
    // X-Ray may run on this machine: being offline is no reason not to ask it.
    () =>
      new QueryClient({
        defaultOptions: { queries: { staleTime: 2_000, refetchOnWindowFocus: false, networkMode: 'always' } },
      }),
  );
  useEffect(() => {
    const check = () =>
      import('../queries/check-answers.ts').then(
        ({ checkAnswers }) => checkAnswers(client.getQueryCache()),
        () => null,
      );
    const timer = setTimeout(() => void check(), CHECK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [client]);
  return (
    <QueryClientProvider client={client}>
      <NuqsAdapter>{children}</NuqsAdapter>
    </QueryClientProvider>
  );
}
