/**
 * Answers of Ray's dashboard with Ray's own names (ray 2.58: util/state/common.py, dashboard/modules/job/pydantic_models.py).
 * Unknown fields pass: other versions have more. A row is lost only where what names it is none: what stands beside that is left out where
 * it cannot be read, item by item.
 */
import { z } from 'zod';
import { byKey } from '../../schema/by-key.ts';

export const Text = z.string().nullish().catch(undefined);
const Yes = z.boolean().nullish().catch(undefined);
/** Ray's longest have 56 hex digits; whoever submits a job may give it a longer name (JobId). */
export const Id = z.string().min(1).max(128);
const JobId = z.string().max(1000).nullish();
/** An id that stands beside the row's own: one that is none is left out. */
const BesideId = z.string().max(128).nullish().catch(undefined);
const Count = z.coerce.number().nullish().catch(undefined);
/** Items that are none are left out. */
export const ListOf = <Item extends z.ZodType>(item: Item) =>
  z
    .array(z.unknown())
    .transform((items) =>
      items.flatMap((one) => {
        const read = item.safeParse(one);
        return read.success ? [read.data] : [];
      }),
    )
    .nullish()
    .catch(undefined);
/** Numbers that are not numbers are left out: one odd resource must not lose the others, nor the row. */
export const Amounts = byKey(z.unknown())
  .transform((table) =>
    Object.fromEntries(Object.entries(table).filter((entry): entry is [string, number] => Number.isFinite(entry[1]))),
  )
  .nullish()
  .catch(undefined);
/** The same of texts. */
const Labels = byKey(z.unknown())
  .transform((table) =>
    Object.fromEntries(
      Object.entries(table).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    ),
  )
  .nullish()
  .catch(undefined);

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
      warnings: ListOf(z.string()),
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
  runtime_env_info: z.looseObject({ serialized_runtime_env: Text }).nullish().catch(undefined),
  placement_group_id: BesideId,
  call_site: Text,
  events: ListOf(z.looseObject({ state: z.string(), created_ms: z.number() })),
  /** `{}` where nothing was profiled. */
  profiling_data: z
    .looseObject({
      component_type: Text,
      component_id: BesideId,
      node_ip_address: Text,
      events: ListOf(
        z.looseObject({
          event_name: z.string(),
          start_time: z.number(),
          end_time: z.number(),
          extra_data: z.unknown().optional(),
        }),
      ),
    })
    .nullish()
    .catch(undefined),
  task_log_info: z
    .looseObject({
      stdout_file: Text,
      stderr_file: Text,
      stdout_start: Count,
      stdout_end: Count,
      stderr_start: Count,
      stderr_end: Count,
    })
    .nullish()
    .catch(undefined),
});
export type TaskWire = z.infer<typeof Task>;

export const Node = z.looseObject({
  node_id: Id,
  node_ip: Text,
  node_name: Text,
  is_head_node: Yes,
  state: Text,
  state_message: Text,
  resources_total: Amounts,
  labels: Labels,
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
  death_cause: z.unknown().optional(),
  is_detached: Yes,
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
  driver_info: z.looseObject({ pid: Count }).nullish().catch(undefined),
  status: Text,
  entrypoint: Text,
  message: Text,
  error_type: Text,
  start_time: Count,
  /** 0 or null while it runs. */
  end_time: Count,
  metadata: Labels,
  runtime_env: z.unknown().optional(),
  driver_node_id: BesideId,
  driver_exit_code: Count,
});
export const Jobs = z.array(z.unknown());
