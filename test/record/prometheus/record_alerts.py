"""Drives Prometheus and Alertmanager through a short incident and stores the answers of their APIs.

usage: record_alerts.py VARIANT.json PROM_OUT AM_OUT
VARIANT.json: nodes, gpus_per_node, hot [{node,gpu,celsius}] (the first is silenced), full {node,gpu}, xid {node,gpu,code}, down node, oom node, infeasible count
One file of over 300 lines: an incident is one course of events, read from top to bottom.
The series are simulated by this script; Prometheus, Alertmanager and every answer are real.
"""
import http.server
import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

V = json.loads(pathlib.Path(sys.argv[1]).read_text())
POUT, AOUT = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
for p in (POUT, AOUT):
    p.mkdir(parents=True, exist_ok=True)
NODES, G = V["nodes"], V["gpus_per_node"]
TMP = pathlib.Path(tempfile.mkdtemp())
S = {"temp": {}, "gram": {}, "xid": {}, "oom": {n: 0 for n in NODES}, "infeasible": 0, "down": set(), "nan": True}
T0 = time.time()


def port():
    while True:
        p = random.randrange(21000, 29000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", p))
                return p
            except OSError:
                pass


def ray_metrics(node):
    n = NODES.index(node)
    common = f'Version="2.58.0",SessionName="session_2026-11-23_20-00-00_000000_1000",ip="10.0.0.{n + 1}"'
    o = ["# HELP ray_node_gram_used Total GPU RAM usage on a ray node", "# TYPE ray_node_gram_used gauge"]
    gpu = lambda g: f'{common},IsHeadNode="{"true" if n == 0 else "false"}",RayNodeType="{"head" if n == 0 else "worker"}",GpuDeviceName="NVIDIA H100 80GB HBM3",GpuIndex="{g}",GpuUuid="GPU-0000000{n}-{g}"'
    used = lambda g: S["gram"].get((node, g), 61000 + 10 * g)
    o += [f"ray_node_gram_used{{{gpu(g)}}} {used(g)}" for g in range(G)]
    o += ["# TYPE ray_node_gram_available gauge"] + [f"ray_node_gram_available{{{gpu(g)}}} {81559 - used(g)}" for g in range(G)]
    o += ["# TYPE ray_node_gpus_utilization gauge"] + [f"ray_node_gpus_utilization{{{gpu(g)}}} {90 + g}" for g in range(G)]
    o += ["# HELP ray_resources Logical Ray resources broken per state", "# TYPE ray_resources gauge"]
    o += [f'ray_resources{{{common},Name="GPU",State="{s}"}} {v}' for s, v in (("USED", G), ("AVAILABLE", 0))]
    o += ["# TYPE ray_memory_manager_worker_eviction_total counter",
          f'ray_memory_manager_worker_eviction_total{{{common},Type="Task",Name="tokenise"}} {S["oom"][node]}']
    o += ["# TYPE ray_scheduler_unscheduleable_tasks gauge",
          f'ray_scheduler_unscheduleable_tasks{{{common},Reason="Infeasible"}} {S["infeasible"] if n == 0 else 0}']
    return o


def dcgm_metrics(node):
    n = NODES.index(node)
    o = []
    lab = lambda g: f'gpu="{g}",UUID="GPU-0000000{n}-{g}",pci_bus_id="00000000:{g + 1:02d}:00.0",device="nvidia{g}",modelName="NVIDIA H100 80GB HBM3",Hostname="{node}"'
    used = lambda g: S["gram"].get((node, g), 61000 + 10 * g)
    for name, f in (("DCGM_FI_DEV_GPU_TEMP", lambda g: S["temp"].get((node, g), 64 + g)),
                    ("DCGM_FI_DEV_GPU_UTIL", lambda g: 90 + g),
                    ("DCGM_FI_DEV_FB_USED", used), ("DCGM_FI_DEV_FB_FREE", lambda g: 81559 - used(g)),
                    ("DCGM_FI_DEV_POWER_USAGE", lambda g: 512.5 + 3 * g),
                    ("DCGM_FI_DEV_XID_ERRORS", lambda g: S["xid"].get((node, g), 0))):
        o += [f"# HELP {name} simulated", f"# TYPE {name} gauge"] + [f"{name}{{{lab(g)}}} {f(g)}" for g in range(G)]
    o += ["# TYPE DCGM_FI_PROF_PIPE_TENSOR_ACTIVE gauge", f'DCGM_FI_PROF_PIPE_TENSOR_ACTIVE{{{lab(0)}}} NaN']
    return o


class Exporter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind, node = self.server.what
        if kind == "ray" and node in S["down"]:
            self.send_error(503)
            return
        b = ("\n".join(ray_metrics(node) if kind == "ray" else dcgm_metrics(node)) + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(b)))
        self.end_headers()
        self.wfile.write(b)

    def log_message(self, *a):
        pass


HOOKS = []


class Sink(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fail = self.path == "/pager" and not any(h["path"] == "/pager" for h in HOOKS)
        HOOKS.append({"path": self.path, "answered": 500 if fail else 200, "at_unix_s": round(time.time(), 3),
                      "headers": {k: v for k, v in self.headers.items() if k.lower() != "host"}, "body": body})
        self.send_response(500 if fail else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *a):
        pass


def serve(handler, what=None):
    p = port()
    s = http.server.ThreadingHTTPServer(("127.0.0.1", p), handler)
    s.what = what
    threading.Thread(target=s.serve_forever, daemon=True).start()
    return p


HOST = socket.gethostname()
PP, AP = port(), port()


def clean(s):
    s = s.replace(str(TMP), "/etc/prometheus")
    s = s.replace(f"127.0.0.1:{AP}", "alertmanager.example:9093").replace(f"127.0.0.1:{PP}", "prometheus.example:9090")
    s = re.sub(r'"CWD":"[^"]*"', '"CWD":"/var/lib/prometheus"', s)
    return re.sub(rf'"{re.escape(HOST)}"', '"node-0"', s)


INDEX = {"prom": [], "am": []}
PHASE = "start"


def call(which, name, method, path, params=None, body=None, form=False):
    base = f"http://127.0.0.1:{PP if which == 'prom' else AP}"
    q = urllib.parse.urlencode(params, doseq=True) if params else ""
    data, headers = None, {}
    if form:
        data, headers = q.encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    elif body is not None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        headers = {"Content-Type": "application/json"}
    url = base + path + ("?" + q if q and not form else "")
    req = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(req, timeout=20) as r:
            st, h, b = r.status, r.headers, r.read()
    except urllib.error.HTTPError as e:
        st, h, b = e.code, e.headers, e.read()
    out = POUT if which == "prom" else AOUT
    ix = INDEX[which]
    ext = "json" if "json" in (h.get("Content-Type") or "") else "txt"
    fn = f"{len(ix):03d}-{PHASE}-{name}.{ext}"
    (out / fn).write_text(clean(b.decode()))
    ix.append({"file": fn, "phase": PHASE, "at_unix_s": round(time.time(), 3),
               "request": f"{method} {path}" + ("?" + q if q and not form else ""),
               "request_body": clean(data.decode()) if data else None, "status": st, "content_type": h.get("Content-Type")})
    try:
        return json.loads(b)
    except ValueError:
        return b.decode()


def snapshot():
    for n in ("rules", "alerts"):
        call("prom", n, "GET", f"/api/v1/{n}")
    call("prom", "query-ALERTS", "GET", "/api/v1/query", {"query": "ALERTS"})
    call("prom", "query-ALERTS_FOR_STATE", "GET", "/api/v1/query", {"query": "ALERTS_FOR_STATE"})
    for n in ("alerts", "alerts/groups", "silences"):
        call("am", n.replace("/", "-"), "GET", f"/api/v2/{n}")


def wait_for(what, cond, limit=60):
    t = time.time()
    while time.time() - t < limit:
        if cond():
            return
        time.sleep(0.3)
    print("GAVE UP waiting for", what)


def states():
    with urllib.request.urlopen(f"http://127.0.0.1:{PP}/api/v1/alerts") as r:
        return {(a["labels"]["alertname"], a["state"]) for a in json.load(r)["data"]["alerts"]}


def am_has(name):
    with urllib.request.urlopen(f"http://127.0.0.1:{AP}/api/v2/alerts") as r:
        return any(a["labels"]["alertname"] == name for a in json.load(r))


RULES = """groups:
- name: xray-gpu
  interval: 2s
  rules:
  - record: instance_gpu:gram_used:ratio
    expr: sum by (instance, node, GpuIndex) (ray_node_gram_used) / (sum by (instance, node, GpuIndex) (ray_node_gram_used) + sum by (instance, node, GpuIndex) (ray_node_gram_available))
  - alert: RayGramHigh
    expr: instance_gpu:gram_used:ratio > 0.95
    for: 8s
    labels: {severity: warning, team: training}
    annotations:
      summary: 'GPU {{ $labels.GpuIndex }} of {{ $labels.node }} uses {{ $value | humanizePercentage }} of its memory'
      runbook_url: https://runbooks.example/gram-high
  - alert: DcgmGpuHot
    expr: DCGM_FI_DEV_GPU_TEMP > 85
    for: 6s
    keep_firing_for: 6s
    labels: {severity: warning, team: hardware}
    annotations: {summary: 'GPU {{ $labels.gpu }} of {{ $labels.node }} is at {{ $value }} C', description: "Check the fans.\\nThen check the power cap."}
  - alert: DcgmMemoryNearFull
    expr: DCGM_FI_DEV_FB_USED / (DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE) > 0.95
    for: 4s
    labels: {severity: warning, team: training}
    annotations: {summary: 'frame buffer of GPU {{ $labels.gpu }} on {{ $labels.node }} is nearly full'}
  - alert: DcgmXid
    expr: DCGM_FI_DEV_XID_ERRORS != 0
    labels: {severity: critical, team: hardware}
    annotations: {summary: 'XID {{ $value }} on GPU {{ $labels.gpu }} of {{ $labels.node }}'}
- name: xray-ray
  interval: 2s
  rules:
  - alert: RayNodeDown
    expr: up{job="ray"} == 0
    for: 6s
    labels: {severity: critical, team: training}
    annotations: {summary: '{{ $labels.node }} does not answer'}
  - alert: RayOOMKills
    expr: increase(ray_memory_manager_worker_eviction_total[20s]) > 0
    labels: {severity: warning, team: training}
    annotations: {summary: 'the memory monitor killed {{ $labels.Name }} on {{ $labels.node }}'}
  - alert: RayInfeasibleTasks
    expr: ray_scheduler_unscheduleable_tasks{Reason="Infeasible"} > 0
    for: 30s
    labels: {severity: info}
    annotations: {summary: '{{ $value }} tasks fit on no node'}
- name: broken
  interval: 5s
  rules:
  - alert: NeverEvaluates
    expr: DCGM_FI_DEV_GPU_UTIL / on(node) DCGM_FI_DEV_POWER_USAGE > 1
    labels: {severity: info}
"""


def main():
    global PHASE
    sink = serve(Sink)
    jobs = ""
    for kind, p8 in (("ray", 8080), ("dcgm", 9400)):
        jobs += f"- job_name: {kind}\n  static_configs:\n"
        for n in NODES:
            jobs += f"  - targets: ['127.0.0.1:{serve(Exporter, (kind, n))}']\n    labels: {{instance: '{n}:{p8}', node: {n}}}\n"
    (TMP / "prometheus.yml").write_text(f"""global:
  scrape_interval: 2s
  evaluation_interval: 2s
  external_labels: {{cluster: {V['cluster']}}}
alerting:
  alertmanagers:
  - static_configs: [{{targets: ['127.0.0.1:{AP}']}}]
rule_files: [rules.yml]
scrape_configs:
{jobs}""")
    (TMP / "rules.yml").write_text(RULES)
    (TMP / "alertmanager.yml").write_text(f"""global: {{resolve_timeout: 30s}}
route:
  receiver: xray
  group_by: [alertname, cluster]
  group_wait: 2s
  group_interval: 5s
  repeat_interval: 1h
  routes:
  - matchers: [severity="critical"]
    receiver: pager
    group_by: [node]
    continue: false
  - matchers: [severity="info"]
    receiver: nobody
inhibit_rules:
- source_matchers: [alertname="RayNodeDown"]
  target_matchers: [severity="warning"]
  equal: [node]
receivers:
- name: xray
  webhook_configs: [{{url: 'http://127.0.0.1:{sink}/xray', send_resolved: true}}]
- name: pager
  webhook_configs: [{{url: 'http://127.0.0.1:{sink}/pager', send_resolved: true}}]
- name: nobody
""")
    check = subprocess.run(["promtool", "check", "rules", str(TMP / "rules.yml")], capture_output=True, text=True)
    print(check.stdout[-300:], check.stderr[-300:])
    for f in ("prometheus.yml", "rules.yml"):
        (POUT / f).write_text(re.sub(rf"127\.0\.0\.1:\d+", "127.0.0.1:9999", (TMP / f).read_text().replace(f"127.0.0.1:{AP}", "alertmanager.example:9093")))
    (AOUT / "alertmanager.yml").write_text((TMP / "alertmanager.yml").read_text().replace(f"127.0.0.1:{sink}", "hooks.example"))
    am = subprocess.Popen(["prometheus-alertmanager", f"--config.file={TMP}/alertmanager.yml", f"--storage.path={TMP}/am",
                           f"--web.listen-address=127.0.0.1:{AP}", "--cluster.listen-address=",
                           "--web.external-url=http://alertmanager.example:9093"], stderr=open(TMP / "am.log", "wb"))
    pr = subprocess.Popen(["prometheus", f"--config.file={TMP}/prometheus.yml", f"--storage.tsdb.path={TMP}/data",
                           f"--web.listen-address=127.0.0.1:{PP}", "--rules.alert.resend-delay=4s",
                           "--web.external-url=http://prometheus.example:9090"], stderr=open(TMP / "prom.log", "wb"))
    truth = {"events": []}

    def ev(text):
        truth["events"].append({"at_unix_s": round(time.time(), 3), "what": text})

    try:
        def ready():
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{PP}/-/ready").status == 200 and urllib.request.urlopen(f"http://127.0.0.1:{AP}/-/ready").status == 200
            except OSError:
                return False
        wait_for("ready", ready)
        t_start = time.time()
        time.sleep(9)
        PHASE = "inactive"
        snapshot()
        for n in ("status", "receivers"):
            call("am", n, "GET", f"/api/v2/{n}")
        for n in ("targets", "alertmanagers", "status/buildinfo", "status/runtimeinfo", "status/tsdb", "status/config", "metadata", "labels"):
            call("prom", n.replace("/", "-"), "GET", f"/api/v1/{n}")

        hots, full, xid = V["hot"], V["full"], V["xid"]
        hot = hots[0]
        for h in hots:
            S["temp"][(h["node"], h["gpu"])] = h["celsius"]
        S["gram"][(full["node"], full["gpu"])] = full["mib"]
        S["infeasible"] = V["infeasible"]
        ev("; ".join(f"GPU {h['gpu']} of {h['node']} at {h['celsius']} C" for h in hots) + f"; GPU {full['gpu']} of {full['node']} uses {full['mib']} MiB; {V['infeasible']} infeasible tasks")
        wait_for("pending", lambda: {("DcgmGpuHot", "pending"), ("RayGramHigh", "pending")} <= states())
        PHASE = "pending"
        snapshot()
        wait_for("firing", lambda: {("DcgmGpuHot", "firing"), ("RayGramHigh", "firing"), ("DcgmMemoryNearFull", "firing")} <= states() and am_has("RayGramHigh") and am_has("DcgmGpuHot"))
        time.sleep(3)
        PHASE = "firing"
        snapshot()
        call("prom", "rules-type-alert", "GET", "/api/v1/rules", {"type": "alert"})
        call("prom", "rules-type-record", "GET", "/api/v1/rules", {"type": "record"})
        call("am", "alerts-filter", "GET", "/api/v2/alerts", {"filter": ['alertname="DcgmGpuHot"', 'team=~"hard.*"'], "active": "true", "silenced": "false"})
        S["infeasible"] = 0
        ev("no infeasible tasks any more (pending goes back to inactive)")

        PHASE = "silenced"
        iso = lambda t: time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(t))
        now = time.time()
        sil = call("am", "silence-post", "POST", "/api/v2/silences", body={
            "matchers": [{"name": "alertname", "value": "DcgmGpuHot", "isRegex": False, "isEqual": True}, {"name": "node", "value": hot["node"] + "|nobody", "isRegex": True}],
            "startsAt": iso(now), "endsAt": iso(now + 16), "createdBy": "dana", "comment": "fan swap under way"})
        ev("silence of DcgmGpuHot for 16 s")
        sil2 = call("am", "silence-post-future", "POST", "/api/v2/silences", body={
            "matchers": [{"name": "severity", "value": "critical", "isRegex": False, "isEqual": False}],
            "startsAt": iso(now + 600), "endsAt": iso(now + 1200), "createdBy": "dana", "comment": "maintenance window"})
        time.sleep(2)
        snapshot()
        call("am", "silence-get", "GET", f"/api/v2/silence/{sil['silenceID']}")
        call("am", "silence-update-post", "POST", "/api/v2/silences", body={
            "id": sil["silenceID"], "matchers": [{"name": "alertname", "value": "DcgmGpuHot", "isRegex": False, "isEqual": True}, {"name": "node", "value": hot["node"] + "|nobody", "isRegex": True, "isEqual": True}],
            "startsAt": iso(now), "endsAt": iso(now + 14), "createdBy": "dana", "comment": "fan swap under way, nearly done"})
        call("am", "silence-delete", "DELETE", f"/api/v2/silence/{sil2['silenceID']}")
        call("am", "silence-delete-again", "DELETE", f"/api/v2/silence/{sil2['silenceID']}")

        PHASE = "errors"
        bad = {"matchers": [{"name": "a", "value": "b", "isRegex": False}], "startsAt": iso(now), "endsAt": iso(now - 60), "createdBy": "dana", "comment": "ends before it starts"}
        call("am", "silence-post-past", "POST", "/api/v2/silences", body=bad)
        call("am", "silence-post-no-matchers", "POST", "/api/v2/silences", body={**bad, "matchers": [], "endsAt": iso(now + 60)})
        call("am", "silence-post-empty-match", "POST", "/api/v2/silences", body={**bad, "matchers": [{"name": "a", "value": ".*", "isRegex": True}], "endsAt": iso(now + 60)})
        call("am", "silence-post-bad-regex", "POST", "/api/v2/silences", body={**bad, "matchers": [{"name": "a", "value": "(", "isRegex": True}], "endsAt": iso(now + 60)})
        call("am", "silence-post-missing-field", "POST", "/api/v2/silences", body={"matchers": bad["matchers"]})
        call("am", "silence-post-not-json", "POST", "/api/v2/silences", body="{not json")
        call("am", "silence-get-unknown", "GET", "/api/v2/silence/00000000-0000-4000-8000-000000000000")
        call("am", "silence-get-not-uuid", "GET", "/api/v2/silence/abc")
        call("am", "silence-delete-unknown", "DELETE", "/api/v2/silence/00000000-0000-4000-8000-000000000000")
        call("am", "alerts-bad-filter", "GET", "/api/v2/alerts", {"filter": "alertname=~("})
        call("am", "v1-alerts", "GET", "/api/v1/alerts")
        call("am", "unknown-path", "GET", "/api/v2/nope")
        t = int(time.time())
        call("prom", "query-syntax", "GET", "/api/v1/query", {"query": "up{"})
        call("prom", "query-missing", "GET", "/api/v1/query")
        call("prom", "query-bad-time", "GET", "/api/v1/query", {"query": "up", "time": "yesterday"})
        call("prom", "query-many-to-many", "GET", "/api/v1/query", {"query": "DCGM_FI_DEV_GPU_UTIL / on(node) DCGM_FI_DEV_POWER_USAGE"})
        call("prom", "query-timeout", "GET", "/api/v1/query", {"query": "sum(rate({__name__=~'.+'}[1h]))", "timeout": "0.000001"})
        call("prom", "range-too-many-points", "GET", "/api/v1/query_range", {"query": "up", "start": t - 20000, "end": t, "step": 1})
        call("prom", "range-end-before-start", "GET", "/api/v1/query_range", {"query": "up", "start": t, "end": t - 60, "step": 1})
        call("prom", "range-zero-step", "GET", "/api/v1/query_range", {"query": "up", "start": t - 60, "end": t, "step": 0})
        call("prom", "range-of-matrix", "GET", "/api/v1/query_range", {"query": "up[5m]", "start": t - 60, "end": t, "step": 5})
        call("prom", "series-without-match", "GET", "/api/v1/series")
        call("prom", "rules-bad-type", "GET", "/api/v1/rules", {"type": "nope"})
        call("prom", "label-bad-name", "GET", "/api/v1/label/a-b/values")
        call("prom", "unknown-path", "GET", "/api/v1/nope")
        call("prom", "method-not-allowed", "DELETE", "/api/v1/query")

        PHASE = "queries"
        for n, q in (("vector", "DCGM_FI_DEV_GPU_TEMP"), ("recorded", "instance_gpu:gram_used:ratio"), ("scalar", "scalar(vector(1.5))"), ("string", '"text"'),
                     ("empty", "no_such_metric"), ("inf", "1 / vector(0)"), ("nan", "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE"), ("matrix", 'up{job="ray"}[5s]'), ("up", "up"),
                     ("aggregate", "avg by (node) (DCGM_FI_DEV_GPU_UTIL)")):
            call("prom", "query-" + n, "GET", "/api/v1/query", {"query": q})
        call("prom", "query-post-form", "POST", "/api/v1/query", {"query": "sum(up)", "time": t}, form=True)
        call("prom", "query-stats", "GET", "/api/v1/query", {"query": "sum(up)", "stats": "all"})
        call("prom", "series", "GET", "/api/v1/series", {"match[]": ["up", 'DCGM_FI_DEV_XID_ERRORS']})
        call("prom", "label-values-node", "GET", "/api/v1/label/node/values")
        call("prom", "label-values-name", "GET", "/api/v1/label/__name__/values")
        call("prom", "format_query", "GET", "/api/v1/format_query", {"query": "sum(up)by(node)"})

        PHASE = "inhibited"
        S["xid"][(xid["node"], xid["gpu"])] = xid["code"]
        S["oom"][V["oom"]] += 3
        S["down"].add(V["down"])
        ev(f"XID {xid['code']} on GPU {xid['gpu']} of {xid['node']}; 3 OOM kills on {V['oom']}; the Ray exporter of {V['down']} answers 503")
        wait_for("down", lambda: {("RayNodeDown", "firing"), ("DcgmXid", "firing")} <= states() and am_has("RayNodeDown"))
        time.sleep(4)
        snapshot()
        call("prom", "targets", "GET", "/api/v1/targets")
        call("am", "alerts-not-inhibited", "GET", "/api/v2/alerts", {"inhibited": "false"})
        if len(hots) > 2:
            S["temp"].pop((hots[2]["node"], hots[2]["gpu"]))
            ev(f"GPU {hots[2]['gpu']} of {hots[2]['node']} cools down while the others stay hot")
            time.sleep(16)
        time.sleep(3)
        PHASE = "silence-over"
        snapshot()

        S["temp"].clear(); S["gram"].clear(); S["xid"].clear(); S["down"].clear()
        ev("everything back to normal")
        wait_for("keep firing", lambda: ("DcgmXid", "firing") not in states(), 20)
        PHASE = "keep-firing"
        snapshot()
        wait_for("resolved", lambda: not any(s == "firing" and n != "RayOOMKills" for n, s in states()), 60)
        PHASE = "resolved"
        snapshot()
        time.sleep(14)
        PHASE = "after"
        snapshot()
        t_end = time.time()
        for n, q, step in (("ALERTS", "ALERTS", 1), ("ALERTS-step5", "ALERTS", 5), ("ALERTS-firing", 'ALERTS{alertstate="firing"}', 1), ("ALERTS_FOR_STATE", "ALERTS_FOR_STATE", 1),
                           ("temperature", "DCGM_FI_DEV_GPU_TEMP", 1), ("gram-ratio", "instance_gpu:gram_used:ratio", 2), ("up", "up", 1),
                           ("empty", "no_such_metric", 1), ("scalar", "1", 5), ("count", "count by (alertstate) (ALERTS)", 1)):
            call("prom", "range-" + n, "GET", "/api/v1/query_range", {"query": q, "start": f"{t_start:.3f}", "end": f"{t_end:.3f}", "step": step})
    finally:
        for p in (pr, am):
            p.terminate()
            p.wait()
        for i, h in enumerate(HOOKS):
            body = h.pop("body")
            fn = f"webhook-{i:02d}-{h['path'][1:]}.json"
            (AOUT / fn).write_text(clean(body.decode()))
            h["file"] = fn
            d = json.loads(body)
            h["summary"] = {"status": d["status"], "groupKey": d["groupKey"], "alerts": [[a["status"], a["labels"]["alertname"], a["labels"].get("node")] for a in d["alerts"]]}
        (POUT / "index.json").write_text(json.dumps(INDEX["prom"], indent=1))
        (AOUT / "index.json").write_text(json.dumps({"api": INDEX["am"], "webhooks": HOOKS}, indent=1))
        truth["variant"] = V
        (POUT / "truth.json").write_text(json.dumps(truth, indent=1))
        (AOUT / "truth.json").write_text(json.dumps(truth, indent=1))
        shutil.rmtree(TMP)


main()
