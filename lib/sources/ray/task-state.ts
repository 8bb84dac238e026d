/** State transitions of one attempt, as every version of the event export tells them. */
import { TASK_STATES, type TaskState } from '../../model/task.ts';
import type { Nanoseconds } from '../../model/units.ts';
import { besideTimestamp, type Fields, field, list, type Note, nested } from './event-fields.ts';

type StateTimes = Partial<Record<TaskState, Nanoseconds>>;

const STATES: ReadonlySet<string> = new Set(TASK_STATES);
const isState = (value: unknown): value is TaskState => typeof value === 'string' && STATES.has(value);

/** By its name, or by its number in `TaskStatus` (src/ray/protobuf/common.proto, the order of TASK_STATES). */
function stateOf(value: unknown): TaskState | undefined {
  if (isState(value)) return value;
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^\d{1,2}$/.test(text) ? TASK_STATES[Number(text)] : undefined;
}

/**
 * First time each state was reached. `stateTransitions` (since 2.51): a list of {state, timestamp}; `taskState` (TASK_EXECUTION_EVENT of
 * 2.49 and 2.50): a map from the state's number to its timestamp. A timestamp that is none is
 * noted and left out; throws where all are.
 */
export function stateTimesOf(body: Fields, note: Note): StateTimes {
  const times: StateTimes = {};
  const broken: string[] = [];
  const noteBroken: Note = (reason) => broken.push(reason);
  const tell = (state: TaskState | undefined, time: Nanoseconds | undefined): void => {
    if (state === undefined || time === undefined) return;
    const before = times[state];
    if (before === undefined || time < before) times[state] = time;
  };
  for (const transition of list(body, 'stateTransitions'))
    tell(stateOf(field(transition, 'state')), besideTimestamp(transition, 'timestamp', noteBroken));
  const map = nested(body, 'taskState');
  if (map) for (const state of Object.keys(map)) tell(stateOf(state), besideTimestamp(map, state, noteBroken));
  const [first] = broken;
  if (first !== undefined && Object.keys(times).length === 0) throw new Error(first);
  for (const reason of broken) note(reason);
  return times;
}
