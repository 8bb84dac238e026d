/** Timelines in tests are drawn as text. */
import type { TimelineColumns } from '../../../../lib/chart/timeline/timeline-columns.ts';

export interface Drawn {
  readonly lane: number;
  readonly start: number | null;
  readonly end: number | null;
  readonly failed?: boolean;
  readonly name?: string;
}

/** Attempts as the columns of an answer; one row per attempt, times in ns from the origin. */
export function timeline(attempts: readonly Drawn[], lanes: TimelineColumns['lanes'], now = 1000): TimelineColumns {
  const functions = [...new Set(attempts.map(({ name }) => name ?? 'f'))];
  return {
    originNs: '1700000000000000000',
    nowNs: String(1700000000000000000n + BigInt(now)),
    functions,
    states: ['FINISHED', 'FAILED', 'RUNNING'],
    lanes,
    columns: {
      function: attempts.map(({ name }) => functions.indexOf(name ?? 'f')),
      state: attempts.map(({ failed, end }) => (failed ? 1 : end === null ? 2 : 0)),
      lane: attempts.map(({ lane }) => lane),
      start: attempts.map(({ start }) => start),
      end: attempts.map(({ end }) => end),
    },
  };
}

export const lane = (nodeId: string, pid: number, nodeName = nodeId) => ({
  nodeId,
  nodeName,
  workerId: `w${pid}`,
  pid,
  actor: null,
});

/** `a--a` per line: a letter opens and closes a slice, capitals failed, `>` runs on. One column is 10 ns. */
export function readPicture(picture: string): Drawn[] {
  return picture
    .trim()
    .split('\n')
    .flatMap((line, index) =>
      [...line.trim().matchAll(/([a-zA-Z])-*(\1|>)/g)].map((match) => ({
        lane: index,
        start: match.index * 10,
        end: match[2] === '>' ? null : (match.index + match[0].length) * 10,
        failed: match[1] !== undefined && match[1] < 'a',
        name: match[1]?.toLowerCase() ?? '',
      })),
    );
}
