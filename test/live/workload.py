"""The workload of the live test: retries, failures, an actor that dies and a real kill by Ray's memory monitor.

Every body counts itself in a ledger file, so that the expected numbers come from what ran, not from what Ray says.
Usage: python workload.py LEDGER_FOLDER GROW_MEBIBYTES, or python workload.py --submitted succeed|fail
"""
import json
import os
import sys
import time
from collections import Counter

import ray


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
    before = execution(ledger, f"flaky_{i}")
    print(f"parses row group, execution {before}")
    if before == 0:
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


@ray.remote(num_cpus=1)
def greet(i):
    return i


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


def main(ledger, grow_mib):
    ray.init(address="auto")
    outcomes = {}
    outcomes["tokenize"] = Counter(outcome(r) for r in [tokenize.remote(ledger, i) for i in range(200)])
    outcomes["flaky_parse"] = Counter(outcome(r) for r in [flaky_parse.remote(ledger, i) for i in range(20)])
    outcomes["decode_image"] = Counter(outcome(r) for r in [decode_image.remote(ledger, i) for i in range(5)])
    cache = FeatureCache.remote(ledger)
    outcomes["FeatureCache.put"] = Counter(outcome(r) for r in [cache.put.remote(i) for i in range(10)])
    outcomes["FeatureCache.die"] = Counter([outcome(cache.die.remote())])
    outcomes["join_features"] = Counter([outcome(join_features.remote(ledger, grow_mib))])
    time.sleep(12)
    with open(f"{ledger}/driver.json", "w") as file:
        json.dump({"job_id": ray.get_runtime_context().get_job_id(), "outcomes": outcomes}, file)


def submitted(end):
    """A small job for the Jobs API, which takes its status from the exit code and keeps what it prints."""
    ray.init()
    print(f"greeted {len(ray.get([greet.remote(i) for i in range(3)]))} of 3, will {end}")
    sys.exit(0 if end == "succeed" else 3)


if __name__ == "__main__":
    if sys.argv[1] == "--submitted":
        submitted(sys.argv[2])
    else:
        main(sys.argv[1], int(sys.argv[2]))
