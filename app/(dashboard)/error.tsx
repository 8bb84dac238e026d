'use client';
/** A page that broke while drawing: the shell stays, the reader may try again, and nothing that was stored is lost. */
import { Panel } from '../../components/ui/panel.tsx';
import { ErrorState } from '../../components/ui/states.tsx';

export default function PageError({ error, reset }: { error: Error; reset: () => void }) {
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
