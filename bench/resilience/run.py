#!/usr/bin/env python3
"""What worker processes cost, and what they withstand.

    python3 bench/resilience/run.py PHALANX MODEL_DIR [PART ...]

PHALANX is a release build, MODEL_DIR has mlp.onnx and encoder.onnx. Parts, all by default:

    lanes    throughput of process lanes as a share of thread lanes, run in turn, 64 callers
    kill     a worker killed every second for five minutes, 64 callers
    stop     a worker stopped (it hangs) every ten seconds for five minutes
    orphans  the parent killed: until when its workers are gone
    shapes   100,000 batches of 1,000 shapes, with the caches within their bounds
    soak     an hour: the slope of resident memory over its second half

Poisonous requests and random kills are in crates/engine/tests/workers.rs (PHALANX_KILLS=1000).
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ONE_LANE = ["--backend", "onnxruntime", "--lanes", "1", "--threads", "1", "--depth", "2"]


def output(command, **options):
    return subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, **options).stdout


def callers_per_s(phalanx, model, isolation):
    command = [phalanx, "bench", model, "--strategy", "callers", "--callers", "64", "--isolation", isolation, "--json"]
    rows = json.loads(output(command + ONE_LANE, stderr=subprocess.DEVNULL))["rows"]
    return next(row["samples_per_s"] for row in rows if row["strategy"] == "callers")


def lanes(phalanx, models, rounds=5):
    for name in ("encoder", "mlp"):
        model = os.path.join(models, f"{name}.onnx")
        pairs = []
        for number in range(rounds):
            # Who goes first changes, for the machine's speed drifts.
            order = ["thread", "process"] if number % 2 == 0 else ["process", "thread"]
            seen = {isolation: callers_per_s(phalanx, model, isolation) for isolation in order}
            pairs.append(seen)
        shares = sorted(seen["process"] / seen["thread"] for seen in pairs)
        thread, process = (statistics.median(seen[kind] for seen in pairs) for kind in ("thread", "process"))
        print(
            f"lanes    {name:8} threads {thread:9,.0f}/s, processes {process:9,.0f}/s; "
            f"share median {statistics.median(shares):.3f} ({shares[0]:.3f} to {shares[-1]:.3f})",
            flush=True,
        )


def strike(phalanx, models, kind, every, duration="5m"):
    for name in ("mlp", "encoder"):
        command = [phalanx, "verify", os.path.join(models, f"{name}.onnx"), "--level", "2", "--isolation", "process"]
        command += ["--rounds", "1", "--strike", kind, "--strike-every", every, "--strike-for", duration, "--json"]
        document = json.loads(output(command + ONE_LANE, stderr=subprocess.DEVNULL))
        check = next(check for check in document["checks"] if check["name"] == f"{kind} workers")
        words = check.get("detail") or check.get("what")
        print(f"{kind:8} {name:8} {check['outcome']}: {words}; {json.dumps(check.get('measured'))}", flush=True)


def parent_of(process):
    """None for a process that is gone, or that only waits for whoever adopted it to take note."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            state, parent = file.read().rsplit(")", 1)[1].split()[:2]
    except OSError:
        return None
    return None if state == "Z" else int(parent)


def children(parent):
    return [int(entry) for entry in filter(str.isdigit, os.listdir("/proc")) if parent_of(entry) == parent]


def orphans(phalanx, models, rounds=20):
    times = []
    for _ in range(rounds):
        command = [phalanx, "serve", os.path.join(models, "mlp.onnx"), "--http", "127.0.0.1:0", "--grpc", "none"]
        server = subprocess.Popen(command + ["--isolation", "process", *ONE_LANE], stderr=subprocess.PIPE, text=True)
        for line in server.stderr:
            if line.startswith("ready"):
                break
        workers = children(server.pid)
        begin = time.monotonic()
        server.send_signal(signal.SIGKILL)
        while any(parent_of(worker) is not None for worker in workers):
            time.sleep(0.001)
        times.append(time.monotonic() - begin)
        server.wait()
        if not workers:
            sys.exit("the server had no workers")
    left = [name for name in os.listdir("/dev/shm") if "phalanx" in name]
    print(
        f"orphans  {rounds} parents killed: their workers were gone after at most {max(times) * 1e3:.0f} ms, "
        f"{len(left)} segments left in /dev/shm",
        flush=True,
    )


def level_4(phalanx, model, options):
    command = [phalanx, "verify", model, "--level", "4", "--json", *ONE_LANE, *options]
    document = json.loads(output(command, stderr=subprocess.DEVNULL))
    for check in document["checks"]:
        words = check.get("detail") or check.get("what") or check.get("why")
        print(f"level 4  {check['name']:16} {check['outcome']}: {words}; {json.dumps(check.get('measured'))}", flush=True)


def shapes(phalanx, models):
    model = os.path.join(models, "sequence.onnx")
    level_4(phalanx, model, ["--shapes", "1000", "--shape-batches", "100000", "--iterations", "10000"])


def soak(phalanx, models):
    level_4(phalanx, os.path.join(models, "mlp.onnx"), ["--duration", "1h"])


PARTS = {
    "lanes": lanes,
    "kill": lambda phalanx, models: strike(phalanx, models, "kill", "1s"),
    "stop": lambda phalanx, models: strike(phalanx, models, "stop", "10s"),
    "orphans": orphans,
    "shapes": shapes,
    "soak": soak,
}


def main():
    if len(sys.argv) < 3 or any(part not in PARTS for part in sys.argv[3:]):
        sys.exit(__doc__)
    phalanx, models = (os.path.abspath(path) for path in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as cache:
        os.environ["PHALANX_CACHE_DIR"] = cache
        for part in sys.argv[3:] or PARTS:
            PARTS[part](phalanx, models)


if __name__ == "__main__":
    main()
