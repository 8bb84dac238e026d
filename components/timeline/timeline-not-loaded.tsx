'use client';
/** A timeline before its lanes are there: everything where it will be, and the server's picture of the lanes once it comes. */
import { FirstPicture } from '../charts/first-picture.tsx';
import { TimelineToolbar } from './timeline-toolbar.tsx';
import { useTimelineView } from './timeline-view.ts';

const nothing = () => {};
/** Words of about the length that the lanes' own will have, so that lines break alike. */
const TITLE = '1,000,000 ended attempts, 64 nodes, 1,024 lanes';
const SPAN = '00:00:00.00 to 00:00:00.00 UTC, as of 00:00:00';

export function TimelineNotLoaded() {
  const view = useTimelineView('0');
  return (
    <div role="status" aria-label="Loading the timeline" className="space-y-3">
      <div className="space-y-1">
        <div inert aria-hidden="true" className="opacity-60">
          <TimelineToolbar
            view={view}
            functions={[]}
            states={[]}
            found={null}
            at={-1}
            failures={0}
            following={false}
            canFollow={false}
            nodes={[]}
            onStep={nothing}
            onJump={nothing}
            onFit={nothing}
            onFollow={nothing}
          />
        </div>
        <p className="min-h-[20px] text-[12px] text-[var(--muted)]">Loading the lanes</p>
      </div>
      <div className="overflow-hidden rounded-md border border-[var(--line)] bg-[var(--panel)]">
        <div className="flex min-h-10 flex-wrap items-center justify-between gap-2 border-[var(--line)] border-b px-4 py-2">
          <span aria-hidden="true" className="invisible font-medium text-[13px]">
            {TITLE}
          </span>
          <span aria-hidden="true" className="invisible text-[12px]">
            {SPAN}
          </span>
        </div>
        <div className="h-[40px] border-[var(--line)] border-b" />
        <div className="relative h-[max(280px,56vh)]">
          <div
            className="absolute inset-0 opacity-50"
            style={{ background: 'repeating-conic-gradient(var(--line) 0 25%, transparent 0 50%) 0 0 / 12px 12px' }}
          />
          <FirstPicture />
        </div>
      </div>
    </div>
  );
}
