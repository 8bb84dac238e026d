/** The lanes of a job for all who ask for them at the same moment: a page and its first tile do. */
import type { z } from 'zod';
import type { TimelineLanesWire, timelineLanesRoute } from '../../contract/timeline-tile.ts';
import type { Runtime } from '../runtime.ts';
import { getTimelineLanes } from './lanes.ts';

const underWay = new WeakMap<Runtime, Map<string, Promise<TimelineLanesWire>>>();

/** As `getTimelineLanes`; goes on when one of those who wait has gone. */
export function getLanesOnce(
  runtime: Runtime,
  query: z.output<typeof timelineLanesRoute.query>,
): Promise<TimelineLanesWire> {
  const asked = underWay.get(runtime) ?? new Map<string, Promise<TimelineLanesWire>>();
  underWay.set(runtime, asked);
  const key = JSON.stringify(Object.entries(query).sort());
  const before = asked.get(key);
  if (before !== undefined) return before;
  const answer = getTimelineLanes(runtime, query).finally(() => asked.delete(key));
  asked.set(key, answer);
  return answer;
}
