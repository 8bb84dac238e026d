'use client';
/** Memory. */
import { EmptyState } from '../ui/states.tsx';

export function MemoryPage() {
  return (
    <>
      <h1 className="font-semibold text-[18px]">Memory</h1>
      <EmptyState title="Nothing here yet" />
    </>
  );
}
