'use client';
import { Panel } from '../ui/panel.tsx';
/** A large timeline in a share: its sums and the selected task. Its lanes are drawn from tiles, which no share holds; it says so. */
import { EmptyState } from '../ui/states.tsx';
import { TimelineDetails } from './timeline-details.tsx';
import type { LargeJob } from './timeline-large-scene.ts';
import { useLargeSums } from './timeline-large-sums.ts';
import { TimelineSums } from './timeline-sums.tsx';
import type { TimelineView } from './timeline-view.ts';

export function SharedLargeTimeline({ job, view }: { job: LargeJob; view: TimelineView }) {
  const { answer, narrow } = job;
  const { sums, problem, spreads } = useLargeSums({ ...job, filter: {} }, null, true);
  const [taskId = '', attempt = '0'] = view.query.sel.split(':');
  const count = (value: number) => value.toLocaleString('en-US');
  return (
    <>
      <div className={taskId === '' ? '' : 'grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_24rem]'}>
        <Panel
          title={`${count(answer.matched)} ended attempts, ${count(answer.nodes.length)} nodes, ${count(answer.lanes.key.length)} lanes`}
          flush
        >
          <EmptyState title="The lanes are not part of this share">
            {count(answer.failures)} attempts failed. A timeline of this size is loaded in pieces as one looks at it:
            open the page in X-Ray to see its lanes. The sums below are of the whole job.
          </EmptyState>
        </Panel>
        {taskId === '' ? null : (
          <TimelineDetails
            narrow={narrow}
            taskId={taskId}
            attempt={Number(attempt)}
            lane=""
            nodeName={null}
            actor={null}
            spreadOf={(name) => spreads.get(name) ?? null}
            onAttempt={(other) => void view.set({ sel: `${taskId}:${other}` })}
            onTask={() => undefined}
            onClose={() => void view.set({ sel: '' })}
          />
        )}
      </div>
      <TimelineSums title="In the whole job" sums={sums} problem={problem} chosen="" onChoose={() => undefined} />
    </>
  );
}
