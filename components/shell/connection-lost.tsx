'use client';
/** Says that X-Ray itself does not answer, and since when. Pages keep what they last got; nothing moves. */
import { healthAddress } from '../../lib/contract/requests/addresses.ts';
import { useApi } from '../queries/api-client.ts';

const clock = (ms: number): string => `${new Date(ms).toISOString().slice(11, 19)} UTC`;

/** Unix ms of the last answer, 0 where there was none; null while X-Ray answers. */
function useSilence(): number | null {
  const { failureReason, isError, error, dataUpdatedAt } = useApi(healthAddress, {}, { refreshMs: 5_000 });
  const problem = (failureReason ?? (isError ? error : null))?.problem;
  return problem?.status === 0 ? dataUpdatedAt : null;
}

export function ConnectionLost() {
  const since = useSilence();
  if (since === null) return null;
  return (
    <div
      role="alert"
      className="fixed inset-x-3 bottom-16 z-20 rounded-md border border-[var(--bad)] bg-[var(--panel)] px-4 py-2 shadow-2xl sm:right-4 sm:bottom-4 sm:left-auto sm:max-w-md"
    >
      <span className="text-[var(--bad)]">
        <span aria-hidden="true">✕ </span>X-Ray does not answer
        {since > 0 ? ` since ${clock(since)}` : ''}.
      </span>{' '}
      What is shown is what it said last. It is asked again every few seconds.
    </div>
  );
}
