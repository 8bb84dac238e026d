/** Which slices a text finds: words of the function, state, error, lane, node, or a task id. All words must be found. */
import type { TimelineColumns } from './timeline-columns.ts';
import type { TimelineTracks } from './timeline-lanes.ts';

export interface SearchColumns extends TimelineColumns {
  readonly errors: readonly string[];
  readonly columns: TimelineColumns['columns'] & {
    readonly taskId: readonly string[];
    readonly error: readonly number[];
  };
}

/** Slices that match, by start; empty for an empty text. Work: attempts times words. */
export function findSlices(tracks: TimelineTracks, data: SearchColumns, text: string): Int32Array {
  const terms = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (terms.length === 0) return new Int32Array(0);
  const holds = (names: readonly string[], word: string) => names.map((name) => name.toLowerCase().includes(word));
  const locations = tracks.tracks.map(({ lane, label }) => {
    const at = data.lanes[lane];
    return `${label} ${at?.nodeName ?? ''} ${at?.nodeId ?? ''} ${at?.workerId ?? ''}`;
  });
  const tests = terms.map((word) => ({
    word,
    hex: /^[0-9a-f]{4,}$/.test(word),
    functions: holds(data.functions, word),
    states: holds(data.states, word),
    errors: holds(data.errors, word),
    places: holds(locations, word),
  }));
  const found: number[] = [];
  for (let slice = 0; slice < tracks.start.length; slice++) {
    const row = tracks.attempt[slice] ?? 0;
    const every = tests.every(
      (test) =>
        test.functions[tracks.functionIndex[slice] ?? 0] === true ||
        test.states[tracks.stateIndex[slice] ?? 0] === true ||
        test.errors[data.columns.error[row] ?? 0] === true ||
        test.places[tracks.trackOf[slice] ?? 0] === true ||
        (test.hex && (data.columns.taskId[row] ?? '').includes(test.word)),
    );
    if (every) found.push(slice);
  }
  return Int32Array.from(found).sort((a, b) => (tracks.start[a] ?? 0) - (tracks.start[b] ?? 0) || a - b);
}

/** The match after (+1) or before (-1) a slice in time, around the ends; -1 where there is none. */
export function stepMatch(tracks: TimelineTracks, matches: Int32Array, slice: number, way: 1 | -1): number {
  if (matches.length === 0) return -1;
  const here = matches.indexOf(slice);
  if (here !== -1) return matches[(here + way + matches.length) % matches.length] ?? -1;
  if (slice === -1) return matches[way === 1 ? 0 : matches.length - 1] ?? -1;
  const at = tracks.start[slice] ?? 0;
  const after = matches.findIndex((match) => (tracks.start[match] ?? 0) > at);
  if (way === 1) return matches[after === -1 ? 0 : after] ?? -1;
  return matches[(after === -1 ? matches.length : after) - 1] ?? matches.at(-1) ?? -1;
}

/** Slices of the other attempts of the same task, by attempt number. Work: one look at every task id. */
export function attemptChain(tracks: TimelineTracks, data: SearchColumns, slice: number): readonly number[] {
  const taskId = data.columns.taskId[tracks.attempt[slice] ?? -1];
  if (taskId === undefined) return [];
  const chain: number[] = [];
  data.columns.taskId.forEach((id, row) => {
    const other = id === taskId ? (tracks.sliceOf[row] ?? -1) : -1;
    if (other !== -1) chain.push(other);
  });
  return chain.sort((a, b) => (tracks.start[a] ?? 0) - (tracks.start[b] ?? 0));
}
