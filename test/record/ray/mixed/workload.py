"""Workload of the `mixed` recording. Usage: python workload.py etl|train|broken|stopme|live

One file of over 300 lines: Ray ships it to every job as it is.
"""
import os
import random
import sys
import time

import numpy as np
import ray
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from ledger import OUT, Book, L

try:
    from tqdm import tqdm
except ImportError:  # Ray's own tqdm works without the package on the driver
    tqdm = None

SEED = 20261123


def dur(*key):
    return random.Random(f"{SEED}{key}").random()


# ---------------------------------------------------------------- data pipeline
@ray.remote(num_cpus=0.5)
def load_shard(i):
    with L("load_shard", arg=i):
        time.sleep(0.08 + 0.2 * dur("load", i))
        return np.full(60_000, i, dtype=np.float64)


@ray.remote(num_cpus=0.5)
def preprocess(x, i):
    with L("preprocess", arg=i):
        if i % 20 == 0:
            print(f"preprocess shard {i}: {x.nbytes} bytes")
        time.sleep(0.05 + 0.1 * dur("pre", i))
        return float(x.sum())


@ray.remote(num_cpus=0.5)
def aggregate(i, *parts):
    with L("aggregate", arg=i):
        time.sleep(0.05)
        return sum(parts)


@ray.remote(num_cpus=0.25)
def tokenize(i):
    with L("tokenize", arg=i):
        time.sleep(0.002 + 0.02 * dur("tok", i))
        return i


def _attempt(fn, i):
    """Number of earlier executions of this call, counted on disk."""
    p = f"{OUT}/attempt_{fn}_{i}"
    n = os.path.getsize(p) if os.path.exists(p) else 0
    with open(p, "ab") as f:
        f.write(b".")
    return n


def flaky_failures(i):
    return 99 if i == 33 else 2 if i % 10 == 0 else 1 if i % 4 == 0 else 0


@ray.remote(num_cpus=0.5, max_retries=3, retry_exceptions=True)
def flaky_parse(i):
    n = _attempt("flaky_parse", i)
    with L("flaky_parse", arg=i, attempt=n):
        print(f"flaky_parse {i}: attempt {n}", flush=True)
        time.sleep(0.03)
        if n < flaky_failures(i):
            raise ValueError(f"bad record in row group {i} (attempt {n})")
        return i


def _decode(buf):
    return buf["payload"]["width"]


def _decode_all(rows):
    return [_decode(r) for r in rows]


@ray.remote(num_cpus=0.5, max_retries=0)
def decode_image(i):
    with L("decode_image", arg=i):
        print(f"decode_image: opening part-{i:05d}.parquet", file=sys.stderr)
        try:
            return _decode_all([{"payload": {}}])
        except KeyError as e:
            raise RuntimeError(f"CUDA error: out of memory while decoding part-{i:05d}") from e


@ray.remote(num_cpus=0.5, max_retries=0)
def downstream(x):
    with L("downstream"):
        return x


@ray.remote(num_cpus=0.25)
def leaf(i):
    with L("leaf", arg=i):
        time.sleep(0.02)
        return i


@ray.remote(num_cpus=0.25)
def fan_out(n):
    with L("fan_out", arg=n):
        return sum(ray.get([leaf.remote(i) for i in range(n)]))


@ray.remote(num_cpus=0.5)
def stream_rows(n):
    with L("stream_rows", arg=n):
        for i in range(n):
            time.sleep(0.03)
            yield {"row": i}


@ray.remote(num_cpus=0.25)
def big_block(i):
    with L("big_block", arg=i):
        return np.ones(5_000_000, dtype=np.float64) * i  # 40 MB


def etl():
    ray.init(address="auto", log_to_driver=True)
    b = Book("etl")
    print("etl: start")
    from opentelemetry import trace
    with trace.get_tracer("ads.etl").start_as_current_span("daily_etl", attributes={"stage": "etl"}):
        shards = [b.call("load_shard", load_shard, i) for i in range(120)]
        pre = [b.call("preprocess", preprocess, s, i) for i, s in enumerate(shards)]
        lvl1 = [b.call("aggregate", aggregate, k, *pre[k * 8:(k + 1) * 8]) for k in range(15)]
        total = b.get("aggregate", b.call("aggregate", aggregate, 99, *lvl1))
    b.getall("load_shard", shards), b.getall("preprocess", pre), b.getall("aggregate", lvl1)
    print("etl: total", total, "expected", float(sum(range(120)) * 60_000))
    del shards
    toks = [b.call("tokenize", tokenize, i) for i in range(600)]
    it = enumerate(toks)
    if tqdm:
        it = tqdm(it, total=600, desc="tokenize", mininterval=0.5)
    for _, r in it:
        b.get("tokenize", r)
    b.getall("flaky_parse", [b.call("flaky_parse", flaky_parse, i) for i in range(40)])
    bad = [b.call("decode_image", decode_image, i) for i in range(5)]
    b.getall("decode_image", bad)
    b.getall("downstream", [b.call("downstream", downstream, bad[0]), b.call("downstream", downstream, bad[1])])
    b.getall("fan_out", [b.call("fan_out", fan_out, 5) for _ in range(6)])
    items = 0
    for _ in range(4):
        for ref in b.call("stream_rows", stream_rows, 5):
            ray.get(ref)
            items += 1
    blocks = [b.call("big_block", big_block, i) for i in range(14)]  # more than one object store: spills
    s = sum(float(b.get("big_block", r)[0]) for r in blocks)
    import ray.data as rd
    ds = (
        rd.range(20_000, override_num_blocks=10)
        .map_batches(_double, batch_size=1000)
        .filter(_keep)
    )
    n = ds.count()
    rows = sum(len(x["id"]) for x in ds.iter_batches(batch_size=2000))
    print("etl: ray data count", n, "rows iterated", rows)
    b.save(stream_items=items, big_block_sum=s, ray_data_count=n, ray_data_rows_iterated=rows, aggregate_total=total)
    time.sleep(3)
    print("etl: done")


def _double(x):
    time.sleep(0.05)
    return {"id": x["id"] * 2}


def _keep(r):
    return r["id"] % 3 != 0


# ---------------------------------------------------------------- training loop
@ray.remote(num_cpus=1, num_gpus=1)
class TrainWorker:
    def __init__(self, rank):
        self.rank, self.ms, self.ar = rank, [], []
        print(f"rank {rank}: ready")

    def train_step(self, step):
        t = time.time()
        with L("TrainWorker.train_step", rank=self.rank, step=step):
            base = 0.12 + 0.03 * dur("step", self.rank, step)
            time.sleep(base * (2.5 if self.rank == 2 else 1))
            if step % 20 == 0:
                print(f"rank {self.rank} step {step} loss {2.0 / (step + 1):.4f}")
        self.ms.append((time.time() - t) * 1000)
        return step

    def allreduce(self, step):
        t = time.time()
        with L("TrainWorker.allreduce", rank=self.rank, step=step):
            time.sleep(0.02)
        self.ar.append((time.time() - t) * 1000)
        return step

    def stats(self):
        c = ray.get_runtime_context()
        with L("TrainWorker.stats", rank=self.rank):
            return dict(
                rank=self.rank, steps=len(self.ms), mean_step_ms=round(float(np.mean(self.ms)), 3),
                mean_allreduce_ms=round(float(np.mean(self.ar)), 3), max_step_ms=round(max(self.ms), 3),
                actor_id=c.get_actor_id(), node_id=c.get_node_id(), pid=os.getpid(), worker_id=c.get_worker_id(),
                gpu_ids=[str(g) for g in ray.get_gpu_ids()],
            )


@ray.remote(num_cpus=0.1, max_restarts=2, max_task_retries=2)
class ParamServer:
    def __init__(self):
        self.n = _attempt("ParamServer", 0)
        print(f"ParamServer: incarnation {self.n}")

    def push(self, i):
        with L("ParamServer.push", arg=i, incarnation=self.n):
            time.sleep(0.02)
            if i in (5, 12) and _attempt("ParamServer.push", i) == 0:
                print("ParamServer: crashing", file=sys.stderr, flush=True)
                os._exit(1)
            return i


@ray.remote(num_cpus=0.1)
class MetricsBoard:
    async def put(self, i):
        import asyncio
        await asyncio.sleep(0.05)
        return i


@ray.remote(num_cpus=0.1, max_restarts=0)
class BadInit:
    def __init__(self):
        raise FileNotFoundError("checkpoint s3://bucket/ckpt-000120 not found")

    def hello(self):
        return 1


@ray.remote(num_cpus=0.25, max_retries=0)
def crash_once():
    with L("crash_once"):
        time.sleep(0.05)
        os._exit(137)


@ray.remote(num_cpus=0.25, max_retries=2)
def crash_then_ok(i):
    n = _attempt("crash_then_ok", i)
    with L("crash_then_ok", arg=i, attempt=n):
        time.sleep(0.05)
        if n == 0:
            os._exit(137)
        return i


@ray.remote(num_cpus=0.25)
def long_sleep(i):
    with L("long_sleep", arg=i):
        for _ in range(600):
            time.sleep(0.1)


@ray.remote(num_cpus=0.25)
def eval_shard(i):
    with L("eval_shard", arg=i):
        time.sleep(0.05 + 0.1 * dur("eval", i))
        return 0.5 + dur("auc", i) / 10


def train():
    ray.init(address="auto", namespace="ads")
    b = Book("train")
    pg = placement_group([{"CPU": 1, "GPU": 1}] * 4, strategy="SPREAD", name="train_pg")
    ray.get(pg.ready(), timeout=60)
    ws = [
        TrainWorker.options(
            name=f"rank{r}",
            scheduling_strategy=PlacementGroupSchedulingStrategy(placement_group=pg, placement_group_bundle_index=r),
        ).remote(r)
        for r in range(4)
    ]
    b.sub["TrainWorker.__init__"] += 4
    t0 = time.time()
    for s in range(60):
        b.getall("TrainWorker.train_step", [b.call("TrainWorker.train_step", w.train_step, s) for w in ws])
        b.getall("TrainWorker.allreduce", [b.call("TrainWorker.allreduce", w.allreduce, s) for w in ws])
        if s % 15 == 14:
            b.getall("eval_shard", [b.call("eval_shard", eval_shard, s * 10 + i) for i in range(8)])
    loop_s = time.time() - t0
    ranks = b.getall("TrainWorker.stats", [b.call("TrainWorker.stats", w.stats) for w in ws])
    ps = ParamServer.options(name="param_server").remote()
    b.sub["ParamServer.__init__"] += 1
    b.getall("ParamServer.push", [b.call("ParamServer.push", ps.push, i) for i in range(20)])
    mb = MetricsBoard.options(name="board", lifetime="detached", max_concurrency=4).remote()
    b.sub["MetricsBoard.__init__"] += 1
    b.getall("MetricsBoard.put", [b.call("MetricsBoard.put", mb.put, i) for i in range(30)])
    bi = BadInit.remote()
    b.sub["BadInit.__init__"] += 1
    b.get("BadInit.hello", b.call("BadInit.hello", bi.hello))
    b.get("crash_once", b.call("crash_once", crash_once))
    b.getall("crash_then_ok", [b.call("crash_then_ok", crash_then_ok, i) for i in range(3)])
    ls = [b.call("long_sleep", long_sleep, i) for i in range(2)]
    time.sleep(3)
    ray.cancel(ls[0])
    ray.cancel(ls[1], force=True)
    b.getall("long_sleep", ls)
    ray.kill(ws[3])  # rank 3 is killed on purpose after the loop
    b.get("TrainWorker.train_step", b.call("TrainWorker.train_step", ws[3].train_step, 999))
    envbad = b.call("env_missing", leaf_env, 1)
    b.get("env_missing", envbad, 60)
    b.save(ranks=ranks, loop_seconds=round(loop_s, 3), steps=60, slow_rank=2, killed_actor=ranks[3]["actor_id"])
    ray.timeline(f"{OUT}/timeline_sdk_train.json")
    time.sleep(5)
    remove_placement_group(pg)
    print("train: done")


@ray.remote(num_cpus=0.25, max_retries=0, runtime_env={"conda": "no-such-env"})
def leaf_env(i):
    return i


# ---------------------------------------------------------------- jobs that fail / get stopped
@ray.remote(num_cpus=0.25)
def validate_row(i):
    with L("validate_row", arg=i):
        time.sleep(0.05)
        if i == 7:
            raise AssertionError(f"schema mismatch in column user_id (row {i})")
        return i


def broken():
    ray.init(address="auto")
    b = Book("broken")
    print("broken: STAGE =", os.environ.get("STAGE"))
    refs = [b.call("validate_row", validate_row, i) for i in range(12)]
    b.getall("validate_row", refs)
    b.save()
    time.sleep(2)
    ray.get(refs)  # raises: the job fails with a traceback


def stopme():
    ray.init(address="auto")
    b = Book("stopme")
    refs = [b.call("backfill_day", backfill_day, i) for i in range(6)]
    b.save()
    print("stopme: waiting")
    ray.get(refs)


@ray.remote(num_cpus=0.1)
def backfill_day(i):
    with L("backfill_day", arg=i):
        time.sleep(600)


# ---------------------------------------------------------------- alive during the capture
@ray.remote(num_gpus=64)
def needs_64_gpus():
    return 1


@ray.remote(resources={"tpu_v9": 1})
def needs_tpu():
    return 1


@ray.remote(num_cpus=1)
def long_running(i):
    with L("long_running", arg=i):
        print(f"long_running {i}: begin", flush=True)
        until(f"{OUT}/finish_live")
        return i


@ray.remote(num_cpus=2)
def queued(i):
    with L("queued", arg=i):
        return i


@ray.remote(num_cpus=0.1)
def waits_for_arg(x):
    with L("waits_for_arg"):
        return x


@ray.remote(num_cpus=0.1)
def blocked_in_get(refs):
    with L("blocked_in_get"):
        return ray.get(refs[0])


@ray.remote(num_cpus=0.1)
class FeatureStore:
    def __init__(self):
        self.block = np.ones(1_000_000)

    def lookup(self, i):
        with L("FeatureStore.lookup", arg=i):
            time.sleep(0.01)
            return i


def until(path, limit=240):
    t = time.time()
    while not os.path.exists(path) and time.time() - t < limit:
        time.sleep(0.1)


def live():
    ray.init(address="auto", namespace="prod")
    b = Book("live")
    fs = FeatureStore.options(name="feature_store").remote()
    b.sub["FeatureStore.__init__"] += 1
    b.getall("FeatureStore.lookup", [b.call("FeatureStore.lookup", fs.lookup, i) for i in range(25)])
    lr = [b.call("long_running", long_running, i) for i in range(2)]
    inf = [b.call("needs_64_gpus", needs_64_gpus), b.call("needs_tpu", needs_tpu)]
    wa = b.call("waits_for_arg", waits_for_arg, lr[0])
    bg = b.call("blocked_in_get", blocked_in_get, [lr[1]])
    time.sleep(2)
    qd = [b.call("queued", queued, i) for i in range(3)]
    held = [ray.put(np.ones(500_000)) for _ in range(5)]
    b.save(infeasible_pending=2, held_put_objects=len(held))
    open(f"{OUT}/live_ready", "w").close()
    until(f"{OUT}/finish_live")
    b.getall("long_running", lr), b.get("waits_for_arg", wa), b.get("blocked_in_get", bg), b.getall("queued", qd)
    for r in inf:
        ray.cancel(r)
    b.getall("infeasible", inf, 20)
    b.save()
    time.sleep(2)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
