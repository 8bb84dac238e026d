/** Rows of Ray's State API with something broken beside what names them. Synthetic. */
import { describe, expect, it } from 'vitest';
import { decodePlacementGroups } from '../../../../lib/sources/ray/decode-placement-groups.ts';
import { decodeTask, decodeTaskProfile } from '../../../../lib/sources/ray/decode-task.ts';
import { Actor, Job, Node, Task, Worker } from '../../../../lib/sources/ray/wire.ts';

const TASK = { task_id: 'a'.repeat(48), attempt_number: 0, job_id: '01000000' };

describe('one bad thing costs itself alone', () => {
  it('an event of a task that is none, and amounts that are none', () => {
    const row = Task.parse({
      ...TASK,
      events: [null, { state: 'RUNNING', created_ms: 1_795_466_262_515.5 }, { state: 7 }, 'x'],
      required_resources: { CPU: 1, GPU: 'Infinity', memory: null },
      profiling_data: { events: [{ event_name: 'task:execute', start_time: 5, end_time: 6 }, null, {}] },
    });
    expect(decodeTask('s', row)).toMatchObject({
      requiredResources: { CPU: 1 },
      stateTimes: { RUNNING: 1795466262515500000n },
    });
    expect(decodeTaskProfile('s', row)).toHaveLength(1);
  });

  it.each([
    ['events', null],
    ['events', 'none'],
    ['task_log_info', 7],
    ['task_log_info', { stdout_start: 'x' }],
    ['profiling_data', []],
    ['runtime_env_info', 'env'],
    ['node_id', 5],
    ['node_id', 'n'.repeat(400_000)],
    ['worker_pid', 'none'],
    ['error_message', { text: 'x' }],
  ])('%s', (field, value) => {
    expect(Task.safeParse({ ...TASK, [field]: value }).success).toBe(true);
  });

  it.each([
    [Node, { node_id: 'n', labels: { zone: null, rack: 'r1' }, is_head_node: 'yes', start_time_ms: 'x' }],
    [Actor, { actor_id: 'a', num_restarts: {}, is_detached: 0 }],
    [Worker, { worker_id: 'w', pid: [], exit_type: 3 }],
    [Job, { job_id: '01000000', driver_info: 'none', metadata: { a: 1, b: 'x' } }],
  ])('a row of another list', (schema, row) => {
    expect(schema.safeParse(row).success).toBe(true);
  });

  it.each([
    [Task, { ...TASK, job_id: 'j'.repeat(400_000) }],
    [Task, { ...TASK, task_id: '' }],
    [Node, { node_id: 'n'.repeat(400_000) }],
  ])('what names a row is bounded', (schema, row) => {
    expect(schema.safeParse(row).success).toBe(false);
  });

  it('a placement group that is none is counted, the others are shown', () => {
    const result = [
      { placement_group_id: 'p', state: 'CREATED', bundles: [null, { unit_resources: { CPU: 1 } }] },
      null,
      {},
    ];
    const found = decodePlacementGroups({ result: true, data: { result: { result } } });
    expect(found.groups).toMatchObject([{ placementGroupId: 'p', bundles: [{ CPU: 1 }] }]);
    expect(found.warning).toBe('2 of 3 placement groups could not be read');
  });
});
