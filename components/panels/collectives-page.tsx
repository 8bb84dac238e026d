'use client';
/** Collectives. */
import { EmptyState } from '../ui/states.tsx';

export function CollectivesPage() {
  return (
    <>
      <h1 className="font-semibold text-[18px]">Collectives</h1>
      <EmptyState title="Nothing here yet" />
    </>
  );
}
