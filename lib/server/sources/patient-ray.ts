/** Ray's dashboard and Alertmanager as who looks at a page sees them: within a reader's patience, else what they answered before. */
import type { AlertmanagerSource } from '../runtime/alertmanager-source.ts';
import type { RaySource } from '../runtime/ray-source.ts';
import { createLateAnswers, type LateAnswers } from './late-answers.ts';
import type { ReaderNotices } from './reader-notices.ts';

const JSON_BYTES = 1024 ** 2;

const asking =
  (late: LateAnswers) =>
  <Answer>(
    name: string,
    key: string,
    ask: () => Promise<Answer>,
    cost: (answer: Answer) => number,
    signal: AbortSignal | undefined,
  ): Promise<Answer> =>
    late.ask({ name, key, exact: key, at: Date.now(), ask, cost, standIn: (answer) => answer }, signal);

/** `patienceMs`: see PATIENCE_MS. */
export function patientRay(source: RaySource, readers: ReaderNotices, patienceMs?: number): RaySource {
  const late = createLateAnswers({
    source: `ray:${source.cluster}`,
    health: source.health,
    readers,
    ...(patienceMs === undefined ? {} : { patienceMs }),
  });
  const ask = asking(late);
  const size = ({ text }: { readonly text: string }): number => 2 * text.length;
  return {
    ...source,
    health: late.health,
    jobLog: (submissionId, signal) =>
      ask('job-log', `job-log\n${submissionId}`, () => source.jobLog(submissionId), size, signal),
    taskLog: (request, signal) =>
      ask('task-log', `task-log\n${JSON.stringify(request)}`, () => source.taskLog(request), size, signal),
    actorLog: (request, signal) =>
      ask('actor-log', `actor-log\n${JSON.stringify(request)}`, () => source.actorLog(request), size, signal),
    api: (path, signal) =>
      ask(
        path.startsWith('/api/v0/placement_groups') ? 'placement-groups' : path,
        `api\n${path}`,
        () => source.api(path),
        () => JSON_BYTES,
        signal,
      ),
  };
}

export function patientAlertmanager(
  source: AlertmanagerSource,
  readers: ReaderNotices,
  patienceMs?: number,
): AlertmanagerSource {
  if (!source.configured) return source;
  const late = createLateAnswers({
    source: 'alertmanager',
    health: source.health,
    readers,
    ...(patienceMs === undefined ? {} : { patienceMs }),
  });
  const ask = asking(late);
  return {
    ...source,
    health: late.health,
    api: (path, signal) =>
      ask(
        path === '/alerts' ? 'alertmanager-alerts' : path,
        path,
        () => source.api(path),
        () => JSON_BYTES,
        signal,
      ),
  };
}
