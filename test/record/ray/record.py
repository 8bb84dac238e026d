"""Starts a cluster, runs the workload of one scenario, captures everything, stops what it started.

Usage: RECORD_APP=<folder with these files, workload.py and scenarios.json> python record.py <scenario> <raw output dir>
One file of over 300 lines: a recording is one course of events, read from top to bottom.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import psutil

APP = os.environ["RECORD_APP"]
SCEN, RAW = sys.argv[1], sys.argv[2]
PY = sys.executable
GCS, DASH, SINK, PROM = 6379, 8265, 9555, 19090
API = f"http://127.0.0.1:{DASH}"
TRUTH = f"{APP}/truth"
CFG = json.load(open(f"{APP}/scenarios.json"))[SCEN]
WL = f"{APP}/{CFG['workload']}"

KEEP = (
    "ray_(tasks|actors|resources|placement_groups|running_jobs|finished_jobs_total|job_duration_s.*|node_.*|component_.*|cluster_.*"
    "|object_store_.*|owned_objects.*|total_lineage_bytes|memory_manager_.*|gcs_task_manager_.*|gcs_actors_count|gcs_placement_group_count"
    "|scheduler_(tasks|unscheduleable_tasks|failed_worker_startup_total)|spill_manager_.*|pull_manager_(usage_bytes|requests|active_bundles|requested_bundles|retries_total|num_object_pins)"
    "|object_manager_.*|internal_num_.*|data_.*|train_.*|aggregator_agent_.*|dashboard_api_requests_count_requests_total|dashboard_event_loop_lag_seconds"
    "|dashboard_api_requests_duration_seconds_(sum|count)|io_context_event_loop_lag_ms.*|worker_register_time_ms_(sum|count)|health_check_rpc_latency_ms_(sum|count))"
    "|autoscaler_.*|up|scrape_.*"
)

procs = []  # (name, Popen)
env = {
    "PATH": os.path.dirname(sys.executable) + ":/usr/local/bin:/usr/bin:/bin",
    "HOME": os.environ["HOME"],
    "LANG": "C.UTF-8",
    "PYTHONPATH": APP,
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "XRAY_TRUTH_DIR": TRUTH,
    "OTEL_SERVICE_NAME": CFG.get("service", "ray-app"),
    "OMP_NUM_THREADS": "1",
    "RAY_PROFILING": "1",
    "RAY_enable_ray_event": "true",
    "RAY_enable_core_worker_ray_event_to_aggregator": "true",
    "RAY_DASHBOARD_AGGREGATOR_AGENT_EVENTS_EXPORT_ADDR": f"http://127.0.0.1:{SINK}/events",
    "RAY_DASHBOARD_AGGREGATOR_AGENT_EXPOSABLE_EVENT_TYPES": "ALL",
}
env.update(CFG.get("env", {}))


def log(*a):
    print(time.strftime("%H:%M:%S"), *a, flush=True)


def spawn(name, cmd, **kw):
    f = open(f"{RAW}/proc_{name}.log", "wb")
    p = subprocess.Popen(cmd, stdout=f, stderr=subprocess.STDOUT, env=kw.pop("env", env), cwd=APP, **kw)
    procs.append((name, p))
    return p


def tree(pid):
    try:
        p = psutil.Process(pid)
        return [p] + p.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


known = {}


def remember():
    for _, p in procs:
        for q in tree(p.pid):
            try:
                known[q.pid] = q.create_time()
            except psutil.Error:
                pass


def stop_all():
    remember()
    for name, p in reversed(procs):
        if p.poll() is None:
            p.send_signal(signal.SIGTERM)
    t = time.time()
    while time.time() - t < 8 and any(p.poll() is None for _, p in procs):
        time.sleep(0.3)
    for sig in (signal.SIGTERM, signal.SIGKILL):
        for pid, ct in list(known.items()):
            try:
                q = psutil.Process(pid)
                if q.create_time() == ct:
                    q.send_signal(sig)
            except psutil.Error:
                known.pop(pid, None)
        time.sleep(1.5)
    log("stopped; left:", [p for p in known if psutil.pid_exists(p) and psutil.Process(p).status() != "zombie"])


INDEX = []


def get(phase, name, path, base=API, method="GET", body=None, timeout=60, note=None):
    url = base + path
    t = time.time()
    if CFG.get("only") and phase in ("live", "after") and not any(x in name for x in CFG["only"]):
        return None
    rec = dict(phase=phase, file=None, method=method, url=url, at_unix_ms=int(t * 1000))
    try:
        r = urllib.request.urlopen(urllib.request.Request(url, method=method, data=body), timeout=timeout)
        data, st, hd = r.read(), r.status, r.headers
    except urllib.error.HTTPError as e:
        data, st, hd = e.read(), e.code, e.headers
    except Exception as e:
        rec.update(status=None, error=repr(e))
        INDEX.append(rec)
        log("GET failed", path, repr(e))
        return None
    os.makedirs(f"{RAW}/http/{phase}", exist_ok=True)
    open(f"{RAW}/http/{phase}/{name}", "wb").write(data)
    rec.update(
        file=f"{phase}/{name}", status=st, content_type=hd.get("content-type"), bytes=len(data),
        elapsed_ms=round((time.time() - t) * 1000, 1), headers={k: v for k, v in hd.items() if k.lower() not in ("date",)},
    )
    if note:
        rec["note"] = note
    INDEX.append(rec)
    return data if st == 200 else None


def jget(*a, **k):
    d = get(*a, **k)
    try:
        return json.loads(d) if d else None
    except ValueError:
        return None


def capture(phase, full=True):
    log("capture", phase)
    q = "detail=1&limit=10000"
    tasks = jget(phase, "tasks.json", f"/api/v0/tasks?{q}")
    jget(phase, "tasks_nodetail.json", "/api/v0/tasks?limit=10000") if CFG.get("nodetail") else None
    get(phase, "tasks_default.json", "/api/v0/tasks", note="defaults: limit 100, no detail, no driver tasks")
    get(phase, "tasks_with_driver.json", "/api/v0/tasks?exclude_driver=false&detail=1&limit=10000&filter_keys=type&filter_predicates=%3D&filter_values=DRIVER_TASK")
    actors = jget(phase, "actors.json", f"/api/v0/actors?{q}")
    nodes = jget(phase, "nodes.json", f"/api/v0/nodes?{q}")
    get(phase, "jobs_state.json", f"/api/v0/jobs?{q}")
    get(phase, "workers.json", f"/api/v0/workers?{q}")
    get(phase, "objects.json", f"/api/v0/objects?{q}")
    get(phase, "objects_summarize.json", "/api/v0/objects/summarize")
    get(phase, "placement_groups.json", f"/api/v0/placement_groups?{q}")
    get(phase, "runtime_envs.json", f"/api/v0/runtime_envs?{q}")
    get(phase, "tasks_summarize_func_name.json", "/api/v0/tasks/summarize?summary_by=func_name")
    get(phase, "tasks_summarize_lineage.json", "/api/v0/tasks/summarize?summary_by=lineage")
    get(phase, "actors_summarize.json", "/api/v0/actors/summarize")
    get(phase, "tasks_timeline.json", "/api/v0/tasks/timeline")
    jobs = jget(phase, "jobs.json", "/api/jobs/")
    get(phase, "nodes_summary.json", "/nodes?view=summary")
    get(phase, "nodes_hostnames.json", "/nodes?view=hostNameList")
    get(phase, "logical_actors.json", "/logical/actors")
    get(phase, "cluster_status.json", "/api/cluster_status")
    get(phase, "cluster_status_format1.json", "/api/cluster_status?format=1")
    get(phase, "version.json", "/api/version")
    sd = jget(phase, "prometheus_sd.json", "/api/prometheus/sd")
    get(phase, "authentication_mode.json", "/api/authentication_mode")
    get(phase, "gcs_healthz.txt", "/api/gcs_healthz")
    get(phase, "timezone.json", "/timezone")
    get(phase, "cluster_metadata.json", "/api/v0/cluster_metadata")
    get(phase, "cluster_events.json", "/api/v0/cluster_events")
    get(phase, "platform_events.txt", "/api/v0/platform_events")
    get(phase, "events.json", "/events")
    get(phase, "serve_applications.json", "/api/serve/applications/")
    get(phase, "train_v2_runs.json", "/api/train/v2/runs/v1")
    rows = tasks["data"]["result"]["result"] if tasks else []
    arows = actors["data"]["result"]["result"] if actors else []
    jids = sorted({r["job_id"] for r in rows})
    if jids:
        get(phase, "tasks_timeline_one_job.json", f"/api/v0/tasks/timeline?job_id={jids[0]}")
        get(phase, "tasks_filtered_failed.json", f"/api/v0/tasks?{q}&filter_keys=state&filter_predicates=%3D&filter_values=FAILED")
        get(phase, "data_datasets.json", f"/api/data/datasets/{jids[0]}")
    if full:
        get("errors", "limit_over_max.json", "/api/v0/tasks?limit=20000")
        get("errors", "bad_limit.txt", "/api/v0/tasks?limit=abc")
        get("errors", "bad_filter_key.txt", "/api/v0/tasks?filter_keys=nope&filter_predicates=%3D&filter_values=1")
        get("errors", "bad_summary_by.txt", "/api/v0/tasks/summarize?summary_by=nope")
        get("errors", "timeout_1.txt", "/api/v0/tasks?detail=1&limit=10000&timeout=0")
        get("errors", "unknown_job.txt", "/api/jobs/raysubmit_nope")
        get("errors", "unknown_job_logs.txt", "/api/jobs/raysubmit_nope/logs")
        get("errors", "unknown_node.txt", "/nodes/" + "ab" * 28)
        get("errors", "unknown_actor.txt", "/logical/actors/" + "ab" * 16)
        get("errors", "unknown_route.txt", "/api/v0/nothing")
        get("errors", "unknown_log_file.txt", f"/api/v0/logs/file?node_id={nodes['data']['result']['result'][0]['node_id']}&filename=nope.out")
        get("errors", "unknown_task_log.txt", "/api/v0/logs/file?task_id=" + "ab" * 24)
        get("errors", "logs_no_node.txt", "/api/v0/logs")
        get("errors", "logs_dead_node.txt", "/api/v0/logs?node_id=" + "ab" * 28)
        get("errors", "datasets_unknown_job.txt", "/api/data/datasets/ffff0000")
        get("errors", "timeline_unknown_job.json", "/api/v0/tasks/timeline?job_id=ffff0000")
        get("errors", "healthz_wrong_method.txt", "/api/version", method="POST", body=b"{}")
    # logs
    for n in nodes["data"]["result"]["result"]:
        get(phase, f"logs_list_{n['node_name']}.json", f"/api/v0/logs?node_id={n['node_id']}")
        get(phase, f"node_detail_{n['node_name']}.json", f"/nodes/{n['node_id']}")
    for j in jobs or []:
        sid = j.get("submission_id")
        if sid:
            get(phase, f"job_{sid}.json", f"/api/jobs/{sid}")
            get(phase, f"job_{sid}_logs.json", f"/api/jobs/{sid}/logs")
            get(phase, f"logfile_submission_{sid}.txt", f"/api/v0/logs/file?submission_id={sid}&lines=-1")
    seen = {}
    for r in rows:
        f = r["func_or_class_name"]
        if f in CFG.get("log_tasks", []) and seen.get(f, 0) < 2 and r.get("task_log_info"):
            if r["state"] not in ("FAILED", "FINISHED", "RUNNING"):
                continue
            i = seen[f] = seen.get(f, 0) + 1
            for sfx in ("out", "err"):
                get(phase, f"logfile_task_{f.split('(')[0]}_{i}_a{r['attempt_number']}.{sfx}.txt",
                    f"/api/v0/logs/file?task_id={r['task_id']}&attempt_number={r['attempt_number']}&suffix={sfx}&lines=-1")
    for a in arows:
        if a["class_name"] in CFG.get("log_actors", []) and seen.get(a["class_name"], 0) < 2:
            i = seen[a["class_name"]] = seen.get(a["class_name"], 0) + 1
            for sfx in ("out", "err"):
                get(phase, f"logfile_actor_{a['class_name']}_{i}.{sfx}.txt", f"/api/v0/logs/file?actor_id={a['actor_id']}&suffix={sfx}&lines=-1")
            get(phase, f"logical_actor_{a['class_name']}_{i}.json", f"/logical/actors/{a['actor_id']}")
    for n in nodes["data"]["result"]["result"]:
        n["name_i"] = [x["name"] for x in CFG["nodes"]].index(n["node_name"])
        if n["state"] == "ALIVE" and (full or n["is_head_node"]):
            for fn in ("raylet.out", "raylet.err", "gcs_server.out", "dashboard_agent.log", "raylet.1.out", "raylet.2.out"):
                if fn == "gcs_server.out" and not n["is_head_node"] or fn.startswith("raylet.") and fn[7].isdigit() and n["name_i"] != int(fn[7]):
                    continue
                get(phase, f"logfile_{n['node_name']}_{fn}.txt", f"/api/v0/logs/file?node_id={n['node_id']}&filename={fn}&lines=-1")
    for tg in (sd[0]["targets"] if sd else []):
        port = tg.rsplit(":", 1)[1]
        role = {"44217": "autoscaler", "44227": "dashboard"}.get(port, f"agent_{port}")
        get(phase, f"metrics_{role}.prom", "/metrics", base=f"http://{tg}")
    # the second job-detail trap: error_message appears only with detail=1
    remember()


def wait_http(url, n=500):
    for _ in range(n):
        try:
            urllib.request.urlopen(url, timeout=2).read()
            return
        except urllib.error.HTTPError:
            return
        except Exception:
            time.sleep(0.5)
    raise SystemExit("no answer: " + url)


def wait_file(p, n=120):
    t = time.time()
    while not os.path.exists(p):
        if time.time() - t > n:
            log("TIMEOUT waiting for", p)
            return False
        time.sleep(0.2)
    return True


def start_cluster():
    os.makedirs(TRUTH, exist_ok=True)
    for f in os.listdir(TRUTH):
        os.remove(f"{TRUTH}/{f}")
    os.makedirs(RAW, exist_ok=True)
    spawn("sink", [PY, f"{APP}/sink.py", f"{RAW}/sink", str(SINK)])
    for i, n in enumerate(CFG["nodes"]):
        cmd = [PY, "-m", "ray.scripts.scripts", "start", "--block", "--node-name", n["name"], "--disable-usage-stats",
               "--num-cpus", str(n["cpus"]), "--num-gpus", str(n["gpus"]), "--object-store-memory", str(n.get("store", 300_000_000)),
               "--dashboard-agent-listen-port", str(52365 + i), "--min-worker-port", str(10002 + i * 1000), "--max-worker-port", str(10900 + i * 1000),
               "--labels", json.dumps({"pool": n.get("pool", "default")})]
        if n.get("resources"):
            cmd += ["--resources", json.dumps(n["resources"])]
        if CFG.get("memory"):
            cmd += ["--memory", str(CFG["memory"])]
        if i == 0:
            cmd += ["--head", "--port", str(GCS), "--dashboard-port", str(DASH), "--dashboard-host", "127.0.0.1"]
            if CFG.get("tracing", True):
                cmd += ["--tracing-startup-hook", "tracing_hook:setup_tracing"]
        else:
            cmd += ["--address", f"127.0.0.1:{GCS}"]
        n["proc"] = spawn(f"ray_{n['name']}", ["nice", "-n", "1"] + cmd)
        if i == 0:
            wait_http(API + "/api/version")
    for _ in range(160):
        try:
            r = json.load(urllib.request.urlopen(API + "/api/v0/nodes?detail=1", timeout=5))
            if len(r["data"]["result"]["result"]) == len(CFG["nodes"]):
                break
        except Exception:
            pass
        time.sleep(0.5)
    open(f"{RAW}/prometheus.yml", "w").write(
        "global:\n  scrape_interval: 5s\n  scrape_timeout: 4s\n  evaluation_interval: 5s\nscrape_configs:\n"
        "- job_name: ray\n  file_sd_configs:\n  - files: ['/tmp/ray/prom_metrics_service_discovery.json']\n    refresh_interval: 5s\n"
        "  metric_relabel_configs:\n  - source_labels: [__name__]\n    regex: '" + KEEP + "'\n    action: keep\n"
    )
    spawn("prometheus", ["nice", "-n", "5", "/usr/bin/prometheus", f"--config.file={RAW}/prometheus.yml", f"--storage.tsdb.path={RAW}/tsdb",
                         f"--web.listen-address=127.0.0.1:{PROM}", "--web.enable-admin-api", "--log.level=warn"])
    log("cluster up")
    remember()


def driver(name, *args):
    log("driver", name)
    return spawn(f"driver_{name}", ["nice", "-n", "1", PY, WL, name, *args])


def client():
    from ray.job_submission import JobSubmissionClient
    return JobSubmissionClient(API)


def submit(c, name, sid, metadata, **renv):
    log("submit", name)
    r = dict(env_vars={"XRAY_STAGE": name, **renv.pop("env_vars", {})}, **renv)
    return c.submit_job(entrypoint=f"python {WL} {name}", submission_id=sid, metadata=metadata, runtime_env=r)


def wait_job(c, sid, n=200):
    t = time.time()
    while time.time() - t < n:
        s = str(c.get_job_status(sid))
        if any(x in s for x in ("SUCCEEDED", "FAILED", "STOPPED")):
            log(sid, s)
            return s
        time.sleep(1)
    log("TIMEOUT job", sid)


def wait_proc(p, n=200):
    try:
        p.wait(n)
    except subprocess.TimeoutExpired:
        log("TIMEOUT proc", p.args)
    log("exit", p.returncode)
    return p.returncode


def prom_capture():
    b = f"http://127.0.0.1:{PROM}"
    now = time.time()
    from urllib.parse import quote as Q
    s, e = T0, now
    inst = {
        "tasks_by_state": 'sum by (State) (ray_tasks)',
        "tasks_by_name_clamped": 'clamp_min(sum(ray_tasks{IsRetry="0"}) by (Name, State), 0)',
        "actors_by_state": 'sum(ray_actors{Source="gcs"}) by (State)',
        "resources": 'sum by (Name, State) (ray_resources)',
        "up": "up",
        "evictions": "ray_memory_manager_worker_eviction_total",
        "unexpected_worker_failure": "ray_node_manager_unexpected_worker_failure_total",
        "sessions": "count by (SessionName, Version) (ray_node_cpu_count)",
        "max_over_time_tasks": 'sum(max_over_time(ray_tasks{IsRetry="0",State=~"FINISHED|FAILED"}[14d])) by (State)',
        "bad_query_error": "sum(",
        "scalar": "scalar(count(up))",
        "matrix": "ray_running_jobs[1m]",
    }
    for k, q in inst.items():
        get("prometheus", f"query_{k}.json", f"/api/v1/query?query={Q(q)}&time={now:.3f}", base=b)
    rng = {
        "tasks_by_state": 'sum by (State) (ray_tasks)',
        "node_mem_used": "ray_node_mem_used",
        "node_cpu": "ray_node_cpu_utilization",
        "component_rss": "ray_component_rss_bytes",
        "resources_used": 'sum by (Name) (ray_resources{State="USED"})',
        "object_store": "sum by (Location, instance) (ray_object_store_memory)",
        "running_by_name": 'clamp_min(sum(ray_tasks{IsRetry="0",State=~"RUNNING.*"}) by (Name), 0)',
        "evictions": "sum by (Name, Type) (ray_memory_manager_worker_eviction_total)",
        "rate_events_received": "rate(ray_aggregator_agent_events_received_total[30s])",
        "empty": "ray_no_such_metric",
    }
    for k, q in rng.items():
        get("prometheus", f"query_range_{k}.json", f"/api/v1/query_range?query={Q(q)}&start={s:.3f}&end={e:.3f}&step=5", base=b)
    get("prometheus", "query_range_too_many_points_error.json", f"/api/v1/query_range?query=up&start={s - 86400:.0f}&end={e:.0f}&step=1", base=b)
    get("prometheus", "series_ray_tasks.json", f"/api/v1/series?match[]=ray_tasks&start={s:.0f}&end={e:.0f}", base=b)
    get("prometheus", "labels.json", "/api/v1/labels", base=b)
    get("prometheus", "label_values_name.json", "/api/v1/label/__name__/values", base=b)
    get("prometheus", "label_values_SessionName.json", "/api/v1/label/SessionName/values", base=b)
    get("prometheus", "metadata.json", "/api/v1/metadata", base=b)
    get("prometheus", "targets.json", "/api/v1/targets", base=b)
    get("prometheus", "buildinfo.json", "/api/v1/status/buildinfo", base=b)
    get("prometheus", "runtimeinfo.json", "/api/v1/status/runtimeinfo", base=b)
    get("prometheus", "tsdb_status.json", "/api/v1/status/tsdb", base=b)
    get("prometheus", "rules.json", "/api/v1/rules", base=b)
    get("prometheus", "alerts.json", "/api/v1/alerts", base=b)
    r = jget("prometheus", "snapshot.json", "/api/v1/admin/tsdb/snapshot", base=b, method="POST", body=b"")
    if r:
        src = f"{RAW}/tsdb/snapshots/{r['data']['name']}"
        shutil.copytree(src, f"{RAW}/snapshot", dirs_exist_ok=True)
    json.dump(dict(t0=T0, t1=now), open(f"{RAW}/window.json", "w"))


def save_session_logs():
    """Copies the session's log folder (a selection is published)."""
    shutil.copytree(os.path.realpath("/tmp/ray/session_latest") + "/logs", f"{RAW}/session_logs", dirs_exist_ok=True)
    open(f"{RAW}/session_name", "w").write(os.path.basename(os.path.realpath("/tmp/ray/session_latest")))
    shutil.copy("/tmp/ray/prom_metrics_service_discovery.json", f"{RAW}/prom_metrics_service_discovery.json")


def timeline_b(tag):
    d = f"{RAW}/timeline"
    os.makedirs(d, exist_ok=True)
    t = time.time()
    r = subprocess.run([PY, "-m", "ray.scripts.scripts", "timeline", "--address", f"127.0.0.1:{GCS}"], env=env, cwd=d, capture_output=True, text=True, timeout=120)
    open(f"{d}/cli_{tag}.txt", "w").write(r.stdout + r.stderr)
    import glob
    made = [p for p in glob.glob("/tmp/ray/ray-timeline-*.json") if os.path.getmtime(p) > t]
    if made:
        shutil.move(made[-1], f"{d}/ray_timeline_{tag}.json")


def cli(name, *a):
    r = subprocess.run([PY, "-m", "ray.scripts.scripts", *a], env={**env, "RAY_ADDRESS": f"127.0.0.1:{GCS}"}, cwd=APP, capture_output=True, text=True, timeout=120)
    os.makedirs(f"{RAW}/cli", exist_ok=True)
    open(f"{RAW}/cli/{name}.txt", "w").write(r.stdout + r.stderr)


T0 = time.time()
if __name__ == "__main__":
    os.nice(2)
    try:
        start_cluster()
        T0 = time.time()
        import flows
        flows.run(SCEN, sys.modules["__main__"])
        json.dump(INDEX, open(f"{RAW}/http_index.json", "w"), indent=1)
        shutil.copytree(TRUTH, f"{RAW}/truth", dirs_exist_ok=True)
    finally:
        stop_all()
        log("done")
