/** Ray's facts as rows of the tables in schema/ray.ts. Absent is '' or null: neither changes a merged row. */
import type { RayFacts } from '../model/task.ts';

const json = (value: object | undefined): string => (value === undefined ? '' : JSON.stringify(value));
const flag = (value: boolean | undefined): number | null => (value === undefined ? null : value ? 1 : 0);

/** Rows by table, ready for Engine.insert; tables without rows are left out. */
export function rayRows(facts: Partial<RayFacts>): { readonly table: string; readonly rows: readonly object[] }[] {
  const tables: { table: string; rows: readonly object[] }[] = [
    {
      table: 'xray.ray_sessions',
      rows: (facts.sightings ?? []).map((s) => ({
        session: s.session,
        cluster: s.cluster,
        ray_version: s.rayVersion ?? '',
        first_ns: nsOf(s.seen),
        last_ns: nsOf(s.seen),
      })),
    },
    {
      table: 'xray.ray_heard',
      rows: (facts.sightings ?? []).flatMap((s) =>
        s.source ? [{ session: s.session, source: s.source, first_ns: nsOf(s.seen), last_ns: nsOf(s.seen) }] : [],
      ),
    },
    {
      table: 'xray.ray_task_attempts',
      rows: (facts.attempts ?? []).map((a) => ({
        session: a.session,
        job_id: a.jobId,
        task_id: a.taskId,
        attempt: a.attempt,
        type: a.type ?? '',
        function_name: a.functionName ?? '',
        name: a.name ?? '',
        actor_id: a.actorId ?? '',
        parent_task_id: a.parentTaskId ?? '',
        placement_group_id: a.placementGroupId ?? '',
        language: a.language ?? '',
        required_resources: json(a.requiredResources),
        runtime_env: a.runtimeEnv ?? '',
        call_site: a.callSite ?? '',
        node_id: a.nodeId ?? '',
        worker_id: a.workerId ?? '',
        worker_pid: a.workerPid ?? null,
        node_ip: a.nodeIp ?? '',
        ...(a.source === 'timeline'
          ? { derived_ns: a.stateTimes, derived_error: a.errorType ?? '', derived_message: a.errorMessage ?? '' }
          : {
              [a.source === 'state-api' ? 'coarse_ns' : 'state_ns']: a.stateTimes,
              error_type: a.errorType ?? '',
              error_message: a.errorMessage ?? '',
            }),
        logs: json(a.logs),
        sources: [a.source],
      })),
    },
    {
      table: 'xray.ray_profile_spans',
      rows: (facts.profileSpans ?? []).map((p) => ({
        session: p.session,
        job_id: p.jobId,
        task_id: p.taskId,
        attempt: p.attempt,
        name: p.name,
        start_ns: p.start,
        end_ns: p.end,
        component_type: p.componentType,
        worker_id: p.workerId,
        node_ip: p.nodeIp,
        extra: p.extra,
        source: p.source ?? 'event',
      })),
    },
    {
      table: 'xray.ray_nodes',
      rows: (facts.nodes ?? []).map((n) => ({
        session: n.session,
        node_id: n.nodeId,
        ip: n.ip ?? '',
        name: n.name ?? '',
        hostname: n.hostname ?? '',
        is_head: flag(n.isHead),
        resources: json(n.resources),
        labels: json(n.labels),
        start_ns: n.start ?? null,
        end_ns: n.end ?? null,
        death_reason: n.deathReason ?? '',
        alive_ns: n.state === 'ALIVE' ? n.seen : null,
        seen_ns: n.seen,
      })),
    },
    {
      table: 'xray.ray_actors',
      rows: (facts.actors ?? []).map((a) => ({
        session: a.session,
        job_id: a.jobId,
        actor_id: a.actorId,
        class_name: a.className ?? '',
        name: a.name ?? '',
        namespace: a.namespace ?? '',
        is_detached: flag(a.isDetached),
        placement_group_id: a.placementGroupId ?? '',
        required_resources: json(a.requiredResources),
        state_ns: a.state ? { [a.state]: a.stateTime ?? 0n } : {},
        node_id: a.nodeId ?? '',
        worker_id: a.workerId ?? '',
        pid: a.pid ?? null,
        restarts: a.restarts ?? null,
        death_cause: a.deathCause ?? '',
      })),
    },
    {
      table: 'xray.ray_workers',
      rows: (facts.workers ?? []).map((w) => ({
        session: w.session,
        worker_id: w.workerId,
        node_id: w.nodeId ?? '',
        pid: w.pid ?? null,
        type: w.type ?? '',
        start_ns: w.start ?? null,
        end_ns: w.end ?? null,
        exit_type: w.exitType ?? '',
        exit_detail: w.exitDetail ?? '',
      })),
    },
    {
      table: 'xray.ray_jobs',
      rows: (facts.jobs ?? []).map((j) => ({
        session: j.session,
        job_id: j.jobId,
        submission_id: j.submissionId ?? '',
        type: j.type ?? '',
        status_ns: j.status ? { [j.status]: j.statusTime ?? 0n } : {},
        entrypoint: j.entrypoint ?? '',
        message: j.message ?? '',
        error_type: j.errorType ?? '',
        start_ns: j.start ?? null,
        end_ns: j.end ?? null,
        metadata: json(j.metadata),
        driver_node_id: j.driverNodeId ?? '',
        driver_pid: j.driverPid ?? null,
        driver_exit_code: j.driverExitCode ?? null,
        runtime_env: j.runtimeEnv ?? '',
        is_internal: flag(j.isInternal),
      })),
    },
    {
      table: 'xray.ray_oom_kills',
      rows: (facts.kills ?? []).map((k) => ({
        session: k.session,
        victim: k.victim,
        time_ns: k.time,
        kind: k.kind ?? '',
        name: k.name ?? '',
        node_id: k.nodeId ?? '',
        node_ip: k.nodeIp ?? '',
        job_id: k.jobId ?? '',
        task_id: k.taskId ?? '',
        attempt: k.attempt ?? null,
        actor_id: k.actorId ?? '',
        worker_id: k.workerId ?? '',
        pid: k.pid ?? null,
        used_bytes: k.used ?? null,
        used_reported_bytes: k.usedReported ?? null,
        node_used_bytes: k.nodeUsed ?? null,
        node_total_bytes: k.nodeTotal ?? null,
        node_threshold_bytes: k.nodeThreshold ?? null,
        others: k.others ? JSON.stringify(k.others.map(({ name, pid, used }) => ({ name, pid, usedBytes: used }))) : '',
        sources: [k.source],
        message: k.message ?? '',
      })),
    },
  ];
  return tables.filter((entry) => entry.rows.length > 0);
}

const nsOf = (ms: number): bigint => BigInt(Math.floor(ms)) * 1_000_000n;
