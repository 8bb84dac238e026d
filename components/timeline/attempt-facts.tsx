'use client';
/** What is known of an attempt beside its states: what it is, where it ran, what it asked for, who submitted it. */
import type { AttemptDetailWire } from '../../lib/contract/jobs.ts';

export function AttemptFacts({
  shown,
  nodeName,
  actor,
  onTask,
}: {
  shown: AttemptDetailWire;
  nodeName: string | null;
  actor: string | null;
  onTask: (taskId: string) => void;
}) {
  const resources = Object.entries(shown.requiredResources).map(([name, amount]) => `${amount} ${name}`);
  const facts: readonly (readonly [string, string | null])[] = [
    ['Task', shown.taskId],
    ['Kind', shown.type],
    ['Name', shown.name === shown.functionName ? null : shown.name],
    ['Node', nodeName === null ? shown.nodeId : `${nodeName} (${shown.nodeId ?? ''})`],
    ['Worker', shown.workerId],
    ['Process', shown.workerPid === null ? null : String(shown.workerPid)],
    ['Actor', shown.actorId === null ? null : `${actor ?? ''} ${shown.actorId}`.trim()],
    ['Resources', resources.length === 0 ? null : resources.join(', ')],
    ['Placement group', shown.placementGroupId],
    ['Parent', shown.parentTaskId],
    ['Call site', shown.callSite],
  ];
  return (
    <dl className="grid grid-cols-[6.5rem_1fr] gap-x-2 gap-y-0.5 text-[12px]">
      {facts.map(([name, value]) =>
        value === null || value === '' ? null : (
          <div key={name} className="contents">
            <dt className="text-[var(--muted)]">{name}</dt>
            <dd className="mono m-0 break-all text-[11px]">
              {name === 'Parent' ? (
                <button
                  type="button"
                  className="break-all text-left text-[var(--accent)] hover:underline"
                  onClick={() => onTask(value)}
                >
                  {value}
                </button>
              ) : (
                value
              )}
            </dd>
          </div>
        ),
      )}
    </dl>
  );
}
