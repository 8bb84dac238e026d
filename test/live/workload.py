"""The workload of the live test: retries, failures, an actor that dies and a real kill by Ray's memory monitor.

Every body counts itself in a ledger file, so that the expected numbers come from what ran, not from what Ray says.
Usage: python workload.py LEDGER_FOLDER GROW_MEBIBYTES
"""
import json
import os
import sys
import time
from collections import Counter

import ray

LEDGER = sys.argv[1] if len(sys.argv) > 1 else ""
GROW_MIB = int(sys.argv[2]) if len(sys.argv) > 2 else 0


def note(ledger, function):
    """One line per execution; O_APPEND writes this short are atomic."""
    context = ray.get_runtime_context()
    line = json.dumps({"function": function, "task_id": context.get_task_id(), "node_id": context.get_node_id()})
    with open(f"{ledger}/ledger.jsonl", "a") as file:
        file.write(line + "\n")


def execution(ledger, key):
    """How often this key has begun before."""
    with open(f"{ledger}/count_{key}", "ab") as file:
        before = file.tell()
        file.write(b".")
    return before


@ray.remote(num_cpus=1)
def tokenize(ledger, i):
    note(ledger, "tokenize")
    time.sleep(0.02)
    return i


@ray.remote(num_cpus=1, max_retries=2, retry_exceptions=True)
def flaky_parse(ledger, i):
    note(ledger, "flaky_parse")
    if execution(ledger, f"flaky_{i}") == 0:
        raise ValueError(f"bad record in row group {i}")
    return i


@ray.remote(num_cpus=1, max_retries=0)
def decode_image(ledger, i):
    note(ledger, "decode_image")
    raise RuntimeError(f"truncated image {i}")


@ray.remote(num_cpus=1, max_retries=0)
def join_features(ledger, mebibytes):
    note(ledger, "join_features")
    held = []
    for _ in range(mebibytes // 64):
        held.append(bytearray(os.urandom(1) * (64 * 1024 * 1024)))
        time.sleep(0.08)
    time.sleep(20)
    return len(held)


@ray.remote(num_cpus=0.5)
class FeatureCache:
    def __init__(self, ledger):
        self.ledger = ledger

    def put(self, i):
        note(self.ledger, "FeatureCache.put")
        return i

    def die(self):
        note(self.ledger, "FeatureCache.die")
        time.sleep(1.5)
        os._exit(1)


def outcome(reference):
    try:
        ray.get(reference, timeout=180)
        return "ok"
    except Exception as error:
        return type(error).__name__


def main():
    ray.init(address="auto")
    outcomes = {}
    outcomes["tokenize"] = Counter(outcome(r) for r in [tokenize.remote(LEDGER, i) for i in range(200)])
    outcomes["flaky_parse"] = Counter(outcome(r) for r in [flaky_parse.remote(LEDGER, i) for i in range(20)])
    outcomes["decode_image"] = Counter(outcome(r) for r in [decode_image.remote(LEDGER, i) for i in range(5)])
    cache = FeatureCache.remote(LEDGER)
    outcomes["FeatureCache.put"] = Counter(outcome(r) for r in [cache.put.remote(i) for i in range(10)])
    outcomes["FeatureCache.die"] = Counter([outcome(cache.die.remote())])
    outcomes["join_features"] = Counter([outcome(join_features.remote(LEDGER, GROW_MIB))])
    time.sleep(12)
    with open(f"{LEDGER}/driver.json", "w") as file:
        json.dump({"job_id": ray.get_runtime_context().get_job_id(), "outcomes": outcomes}, file)


if __name__ == "__main__":
    main()
