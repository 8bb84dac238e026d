'use client';
/** A page that broke while drawing: the shell stays, the reader may try again, and nothing that was stored is lost. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Panel } from '../../components/ui/panel.tsx';
import { ErrorState } from '../../components/ui/states.tsx';

export default function PageError({ error, reset }: { error: Error; reset: () => void }) {
  const client = useQueryClient();
  // An answer of another version may be the reason: then the page says so itself.
  useEffect(() => {
    void import('../../components/queries/check-answers.ts').then(
      ({ checkAnswers }) => checkAnswers(client.getQueryCache()) > 0 && reset(),
      () => null,
    );
  }, [client, reset]);
  return (
    <Panel title="This page could not be drawn">
      <ErrorState
        title="X-Ray failed here"
        detail={`${error.message}. What is stored is untouched; the address is kept.`}
        onRetry={reset}
      />
    </Panel>
  );
}
