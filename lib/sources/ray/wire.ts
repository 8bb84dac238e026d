/**
 * Answers of Ray's dashboard with Ray's own names (ray 2.58: util/state/common.py, dashboard/modules/job/pydantic_models.py).
 * Unknown fields pass: other versions have more.
 */
import { z } from 'zod';
import { byKey } from '../../schema/by-key.ts';

const Text = z.string().nullish();
/** Ray's longest have 56 hex digits; whoever submits a job may give it a longer name (JobId). */
const Id = z.string().min(1).max(128);
const JobId = z.string().max(1000).nullish();
/** An id that stands beside the row's own: one that is none is left out. */
const BesideId = z.string().max(128).nullish().catch(undefined);
const Count = z.coerce.number().nullish();
/** Numbers that are not numbers are left out: one odd resource must not lose the row. */
const Amounts = byKey(z.number()).nullish().catch(undefined);

export const Refusal = z.looseObject({ msg: z.string() });

export const Version = z.looseObject({
  ray_version: z.string().nullish(),
  /** Missing before 2.9. */
  session_name: z.string().min(1),
});

/** The envelope of every list of the State API. Rows are read one by one, so that a bad one is lost alone. */
export const Listing = z.looseObject({
  data: z.looseObject({
    result: z.looseObject({
      total: z.number().nullish(),
      num_after_truncation: z.number().nullish(),
      num_filtered: z.number().nullish(),
      result: z.array(z.unknown()),
      partial_failure_warning: Text,
      warnings: z.array(z.string()).nullish(),
    }),
  }),
});

export const Task = z.looseObject({
  task_id: Id,
  attempt_number: z.number().int(),
  job_id: Id,
  name: Text,
  type: Text,
  func_or_class_name: Text,
  actor_id: BesideId,
  parent_task_id: BesideId,
  node_id: BesideId,
  worker_id: BesideId,
  worker_pid: Count,
  error_type: Text,
  error_message: Text,
  language: Text,
  required_resources: Amounts,
  runtime_env_info: z.looseObject({ serialized_runtime_env: Text }).nullish(),
  placement_group_id: BesideId,
  call_site: Text,
  events: z.array(z.looseObject({ state: z.string(), created_ms: z.number() })).nullish(),
  /** `{}` where nothing was profiled. */
  profiling_data: z
    .looseObject({
      component_type: Text,
      component_id: BesideId,
      node_ip_address: Text,
      events: z
        .array(
          z.looseObject({
            event_name: z.string(),
            start_time: z.number(),
            end_time: z.number(),
            extra_data: z.unknown(),
          }),
        )
        .nullish(),
    })
    .nullish(),
  task_log_info: z
    .looseObject({
      stdout_file: Text,
      stderr_file: Text,
      stdout_start: Count,
      stdout_end: Count,
      stderr_start: Count,
      stderr_end: Count,
    })
    .nullish(),
});
export type TaskWire = z.infer<typeof Task>;

export const Node = z.looseObject({
  node_id: Id,
  node_ip: Text,
  node_name: Text,
  is_head_node: z.boolean().nullish(),
  state: Text,
  state_message: Text,
  resources_total: Amounts,
  labels: byKey(z.string()).nullish().catch(undefined),
  start_time_ms: Count,
  end_time_ms: Count,
});

export const Actor = z.looseObject({
  actor_id: Id,
  class_name: Text,
  state: Text,
  job_id: BesideId,
  name: Text,
  node_id: BesideId,
  pid: Count,
  ray_namespace: Text,
  required_resources: Amounts,
  death_cause: z.unknown(),
  is_detached: z.boolean().nullish(),
  placement_group_id: BesideId,
  /** Decimal text. */
  num_restarts: Count,
});

export const Worker = z.looseObject({
  worker_id: Id,
  worker_type: Text,
  exit_type: Text,
  exit_detail: Text,
  node_id: BesideId,
  pid: Count,
  start_time_ms: Count,
  end_time_ms: Count,
});
export type WorkerWire = z.infer<typeof Worker>;

export const Job = z.looseObject({
  type: Text,
  /** Null until the driver of a submission has started, and for ever where it never does. */
  job_id: JobId,
  submission_id: JobId,
  driver_info: z.looseObject({ pid: Count }).nullish(),
  status: Text,
  entrypoint: Text,
  message: Text,
  error_type: Text,
  start_time: Count,
  /** 0 or null while it runs. */
  end_time: Count,
  metadata: byKey(z.string()).nullish().catch(undefined),
  runtime_env: z.unknown(),
  driver_node_id: BesideId,
  driver_exit_code: Count,
});
export const Jobs = z.array(z.unknown());
