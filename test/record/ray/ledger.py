"""Independent ground truth: every task body writes a start and an end line of its own."""
import json
import os
import time
from collections import Counter, defaultdict

import ray

OUT = os.environ["XRAY_TRUTH_DIR"]


def _append(path, obj):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(fd, (json.dumps(obj) + "\n").encode())
    finally:
        os.close(fd)


class L:
    """with L("fn"): body   -> two ledger lines; the end line has the exception's class name."""

    def __init__(self, fn, **kw):
        self.fn, self.kw = fn, kw

    def __enter__(self):
        c = ray.get_runtime_context()
        self.base = dict(
            fn=self.fn, job_id=c.get_job_id(), task_id=c.get_task_id(), actor_id=c.get_actor_id(),
            worker_id=c.get_worker_id(), node_id=c.get_node_id(), pid=os.getpid(), **self.kw,
        )
        self.t0 = time.time()
        _append(f"{OUT}/ledger.jsonl", dict(ev="start", t=self.t0, **self.base))
        return self

    def __exit__(self, et, e, tb):
        t1 = time.time()
        _append(
            f"{OUT}/ledger.jsonl",
            dict(ev="end", t=t1, dur=round(t1 - self.t0, 6), outcome=et.__name__ if et else "ok", **self.base),
        )
        return False


class Book:
    """What a driver submitted and what ray.get told it."""

    def __init__(self, name):
        self.name, self.sub, self.out, self.extra = name, Counter(), defaultdict(Counter), {}

    def call(self, fn, h, *a, **k):
        self.sub[fn] += 1
        return h.remote(*a, **k)

    def get(self, fn, ref, timeout=120):
        try:
            v = ray.get(ref, timeout=timeout)
            self.out[fn]["ok"] += 1
            return v
        except Exception as e:
            self.out[fn][type(e).__name__] += 1
            return e

    def getall(self, fn, refs, timeout=120):
        return [self.get(fn, r, timeout) for r in refs]

    def save(self, **extra):
        self.extra.update(extra)
        c = ray.get_runtime_context()
        d = dict(
            driver=self.name, job_id=c.get_job_id(), node_id=c.get_node_id(), submitted_by_driver=dict(self.sub),
            outcomes_seen_by_driver={k: dict(v) for k, v in self.out.items()}, saved_at=time.time(), **self.extra,
        )
        tmp = f"{OUT}/.{self.name}.tmp"
        json.dump(d, open(tmp, "w"), indent=1)
        os.replace(tmp, f"{OUT}/driver_{self.name}.json")
