/** Ray's State API and Jobs API over the simulation: paths, envelopes and limits of ray 2.58. Just over 300 lines: one API. */

import { ownValue } from '../../model/own-value.ts';
import { preprocessWorkers } from '../jobs/preprocessing.ts';
import type { Tally } from '../state/tally.ts';
import { type Attempt, stateAt } from '../world/attempt.ts';
import {
  actorId,
  groupOfJob,
  jobsOf,
  nodeAt,
  placementGroupId,
  RAY_VERSION,
  runsOf,
  trainWorker,
  type World,
} from '../world/model.ts';
import type { ApiAnswer } from './api-answer.ts';
import { JOB_OVER, nodeLabels, nodeResources, OWNER_LEFT } from './cluster-events.ts';
import { jobLog, taskLog } from './job-logs.ts';
import { logFile, profile } from './ray-events.ts';

const MAX_LIMIT = 10_000;
const ROWS_PER_PIECE = 100;
const JSON_TYPE = 'application/json; charset=utf-8';

const json = (value: unknown, status = 200): ApiAnswer => ({
  status,
  contentType: JSON_TYPE,
  body: JSON.stringify(value),
});
const text = (body: string, status = 200): ApiAnswer => ({ status, contentType: 'text/plain; charset=utf-8', body });
const refusal = (msg: string): ApiAnswer => json({ result: false, msg, data: { result: null } }, 400);

type Row = Readonly<Record<string, unknown>>;

function taskRow(world: World, attempt: Attempt, time: number, detail: boolean): Row {
  const state = stateAt(attempt, time);
  const placed = time >= attempt.scheduled;
  const ended = time >= attempt.ended;
  const failure = ended ? attempt.failure : null;
  const row = {
    task_id: attempt.taskId,
    attempt_number: attempt.attempt,
    name: attempt.functionName,
    state,
    job_id: attempt.jobId,
    actor_id: attempt.actorId,
    type: attempt.type,
    func_or_class_name: attempt.functionName,
    parent_task_id: 'f'.repeat(40) + attempt.jobId,
    node_id: placed ? attempt.worker.node.nodeId : null,
    worker_id: placed ? attempt.worker.workerId : null,
    worker_pid: time >= attempt.started ? attempt.worker.pid : null,
    error_type: failure?.errorType ?? null,
  };
  if (!detail) return row;
  const at = (name: string, when: number): { state: string; created_ms: number }[] =>
    time >= when ? [{ state: name, created_ms: Math.floor(when) }] : [];
  const file = logFile(world, attempt);
  return {
    ...row,
    language: 'PYTHON',
    required_resources: {
      ...(attempt.cpus > 0 ? { CPU: attempt.cpus } : {}),
      ...(attempt.gpus > 0 ? { GPU: attempt.gpus } : {}),
    },
    runtime_env_info: { serialized_runtime_env: '{}' },
    placement_group_id: groupOfJob(world, attempt.jobId),
    events: [
      ...at('PENDING_ARGS_AVAIL', attempt.submitted),
      ...at('PENDING_NODE_ASSIGNMENT', attempt.submitted),
      ...at('SUBMITTED_TO_WORKER', attempt.scheduled),
      ...at('RUNNING', attempt.started),
      ...at(attempt.failure ? 'FAILED' : 'FINISHED', attempt.ended),
    ],
    profiling_data: ended
      ? {
          component_type: 'worker',
          component_id: attempt.worker.workerId,
          node_ip_address: attempt.worker.node.ip,
          events: profile(attempt).map((span) => ({
            start_time: span.start,
            end_time: span.end,
            extra_data: {},
            event_name: span.name,
          })),
        }
      : null,
    creation_time_ms: Math.floor(attempt.submitted),
    start_time_ms: time >= attempt.started ? Math.floor(attempt.started) : null,
    end_time_ms: ended ? Math.floor(attempt.ended) : null,
    task_log_info: { stdout_file: `${file}.out`, stderr_file: `${file}.err`, stdout_start: 0, stderr_start: 0 },
    error_message: failure?.errorMessage ?? null,
    is_debugger_paused: null,
    call_site: null,
    label_selector: {},
    fallback_strategy: { options: [] },
  };
}

function nodeRows(world: World): Row[] {
  return world.nodes.map((node) => ({
    node_id: node.nodeId,
    node_ip: node.ip,
    is_head_node: node.isHead,
    state: 'ALIVE',
    state_message: null,
    node_name: node.name,
    resources_total: nodeResources(world, node.index),
    labels: nodeLabels(node.nodeId),
    start_time_ms: world.boot + 1_000 * node.index,
    end_time_ms: 0,
  }));
}

/** Actors of one training run. */
function actorRows(world: World): Row[] {
  const { jobId, end } = world.jobs.train;
  return Array.from({ length: world.ranks }, (_, rank) => {
    const worker = trainWorker(world, rank);
    return {
      actor_id: actorId(world, rank),
      class_name: world.training.actorClass,
      state: end === null ? 'ALIVE' : 'DEAD',
      job_id: jobId,
      name: `rank${rank}`,
      node_id: worker.node.nodeId,
      pid: worker.pid,
      ray_namespace: world.training.namespace,
      serialized_runtime_env: '{}',
      required_resources: { CPU: 4, GPU: 1 },
      death_cause: end === null ? null : { actor_died_error_context: { error_message: OWNER_LEFT } },
      is_detached: false,
      placement_group_id: placementGroupId(world),
      repr_name: '',
      num_restarts: '0',
      num_restarts_due_to_lineage_reconstruction: '0',
      num_restarts_due_to_node_preemption: '0',
      call_site: null,
      label_selector: {},
      fallback_strategy: null,
    };
  });
}

function workerRows(tally: Tally): Row[] {
  const { world } = tally;
  const workers = [
    ...runsOf(world).flatMap((run) => Array.from({ length: run.ranks }, (_, rank) => trainWorker(run, rank))),
    ...preprocessWorkers(world),
  ];
  const killed = new Set(tally.kills().map((kill) => kill.attempt.worker));
  return [...workers, ...killed].map((worker) => ({
    worker_id: worker.workerId,
    is_alive: worker.end === null,
    worker_type: 'WORKER',
    exit_type: worker.end === null ? null : killed.has(worker) ? 'NODE_OUT_OF_MEMORY' : JOB_OVER.exitType,
    node_id: worker.node.nodeId,
    ip: worker.node.ip,
    pid: worker.pid,
    exit_detail: worker.end === null || killed.has(worker) ? null : JOB_OVER.exitDetail,
    worker_launch_time_ms: Math.round(worker.start) - 900,
    worker_launched_time_ms: Math.round(worker.start) - 40,
    start_time_ms: Math.round(worker.start),
    end_time_ms: worker.end === null ? 0 : Math.round(worker.end),
    debugger_port: null,
    num_paused_threads: null,
  }));
}

function groupRows(whole: World): Row[] {
  return runsOf(whole).map((world) => {
    const group = placementGroupId(world);
    return {
      placement_group_id: group,
      name: 'train_pg',
      creator_job_id: world.jobs.train.jobId,
      state: world.jobs.train.end === null ? 'CREATED' : 'REMOVED',
      bundles: Array.from({ length: world.ranks }, (_, rank) => ({
        bundle_id: { placement_group_id: group, bundle_index: rank },
        unit_resources: { GPU: 1, CPU: 4 },
        node_id: trainWorker(world, rank).node.nodeId,
        label_selector: {},
      })),
      is_detached: false,
      stats: {},
    };
  });
}

function jobRows(tally: Tally): Row[] {
  const { world } = tally;
  const head = nodeAt(world, 0);
  return jobsOf(world).map((job) => ({
    type: 'SUBMISSION',
    job_id: job.jobId,
    submission_id: job.submissionId,
    driver_info: { id: job.jobId, node_ip_address: head.ip, pid: String(job.driverPid) },
    status: job.end === null ? 'RUNNING' : 'SUCCEEDED',
    entrypoint: job.entrypoint,
    message: job.end === null ? 'Job is currently running.' : 'Job finished successfully.',
    error_type: null,
    start_time: job.start,
    end_time: job.end,
    metadata: job.metadata,
    runtime_env: {},
    driver_agent_http_address: `http://${head.ip}:52365`,
    driver_node_id: head.nodeId,
    driver_exit_code: job.end === null ? null : 0,
  }));
}

/** What filters left, and the envelope that says how many there were; `rowOf` makes the rows that are shown. */
function list<T>(left: readonly T[], total: number, query: URLSearchParams, rowOf: (one: T) => Row): ApiAnswer {
  const wanted = query.get('limit') ?? '100';
  const limit = Number.parseInt(wanted, 10);
  if (Number.isNaN(limit)) return refusal(`invalid literal for int() with base 10: '${wanted}'`);
  if (limit > MAX_LIMIT) {
    return refusal(
      `Given limit ${limit} exceeds the supported limit ${MAX_LIMIT}. Use a lower limit, or set the \`RAY_MAX_LIMIT_FROM_API_SERVER\` environment variable to a larger value.`,
    );
  }
  return {
    status: 200,
    contentType: JSON_TYPE,
    body: listing(left.slice(0, limit), rowOf, {
      total,
      num_after_truncation: Math.min(total, MAX_LIMIT),
      num_filtered: left.length,
      partial_failure_warning: '',
      warnings: null,
    }),
  };
}

/** The envelope of a listing piece by piece, so that its rows never stand in memory all at once. */
function* listing<T>(shown: readonly T[], rowOf: (one: T) => Row, about: Row): Generator<string> {
  yield '{"result":true,"msg":"","data":{"result":{"result":[';
  for (let at = 0; at < shown.length; at += ROWS_PER_PIECE) {
    const rows = shown.slice(at, at + ROWS_PER_PIECE).map((one) => JSON.stringify(rowOf(one)));
    yield (at === 0 ? '' : ',') + rows.join(',');
  }
  yield `],${JSON.stringify(about).slice(1)}}}`;
}

/** Keeps what matches every filter_keys/filter_predicates/filter_values triple (text, without regard to case). */
function filtered<T>(all: readonly T[], query: URLSearchParams, rowOf: (one: T) => Row): readonly T[] {
  const keys = query.getAll('filter_keys');
  const predicates = query.getAll('filter_predicates');
  const values = query.getAll('filter_values').map((value) => value.toLowerCase());
  if (keys.length === 0) return all;
  return all.filter((one) => {
    const row = rowOf(one);
    return keys.every((key, index) => {
      const same = String(ownValue(row, key) ?? '').toLowerCase() === (values[index] ?? '');
      return predicates[index] === '!=' ? !same : same;
    });
  });
}

/** Answers a GET of Ray's dashboard; null where the path is not one of its. `host` is this server's host:port. */
export function rayApi(tally: Tally, url: URL, host: string): ApiAnswer | null {
  const { world, time } = tally;
  const query = url.searchParams;
  const path = url.pathname.replace(/(?<=.)\/$/, '');
  // Ray 2.58 filters by =, on what the GCS knows, before it counts: `total` of one job's failures is their number.
  const listed = <T>(all: readonly T[], reported: (one: T) => Row, shown: (one: T) => Row): ApiAnswer => {
    const left = filtered(all, query, reported);
    const isCounted = query.getAll('filter_predicates').every((predicate) => predicate === '=');
    return list(left, isCounted ? left.length : all.length, query, shown);
  };
  const itself = (row: Row): Row => row;
  const rows = (all: readonly Row[]): ApiAnswer => listed(all, itself, itself);
  switch (path) {
    case '/api/version':
      return json({ version: '4', ray_version: RAY_VERSION, ray_commit: 'simulated', session_name: world.session });
    case '/api/authentication_mode':
      return json({ authentication_mode: 'disabled' });
    case '/api/gcs_healthz':
      return text('success');
    case '/api/jobs':
      return json(jobRows(tally));
    case '/api/v0/tasks': {
      const detail = ['1', 'true'].includes((query.get('detail') ?? '').toLowerCase());
      // Details only of what is shown: a listing may be asked for every few seconds.
      return listed(
        [...tally.ended(), ...tally.open()],
        (attempt) => taskRow(world, attempt, time, false),
        (attempt) => taskRow(world, attempt, time, detail),
      );
    }
    case '/api/v0/nodes':
      return rows(nodeRows(world));
    case '/api/v0/actors':
      return rows(runsOf(world).flatMap(actorRows));
    case '/api/v0/workers':
      return rows(workerRows(tally));
    case '/api/v0/placement_groups':
      return rows(groupRows(world));
    case '/api/v0/jobs':
      return rows(jobRows(tally));
    case '/api/v0/objects':
    case '/api/v0/runtime_envs':
      return rows([]);
    case '/api/v0/cluster_metadata':
      return json({
        result: true,
        msg: '',
        data: { rayVersion: RAY_VERSION, pythonVersion: '3.11.7', rayInitCluster: false },
      });
    case '/api/prometheus/sd':
      return json([{ labels: { job: 'ray' }, targets: [host] }]);
    case '/api/v0/logs/file':
      return taskLog(tally, query);
    case '/nodes':
      return json({
        result: true,
        msg: 'Node summary fetched.',
        data: {
          summary: world.nodes.map((node) => ({
            now: time / 1000,
            hostname: node.name,
            ip: node.ip,
            raylet: { nodeId: node.nodeId, state: 'ALIVE', isHeadNode: node.isHead },
          })),
        },
      });
  }
  const job = /^\/api\/jobs\/([^/]+)(\/logs)?$/.exec(path);
  if (!job) return null;
  const found = jobsOf(world).find((one) => one.submissionId === job[1] || one.jobId === job[1]);
  if (!found) return text(`Job ${job[1]} does not exist`, 404);
  if (job[2]) return json({ logs: jobLog(tally, found) });
  return json(jobRows(tally).find((row) => row.job_id === found.jobId));
}
