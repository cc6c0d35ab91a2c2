#!/usr/bin/env python3
"""Whether `phalanx bench compare` can be believed: how often it finds a difference between a build and itself, and how
often it finds the same build made slower.

    bench/compare/run.py PHALANX MODEL [--comparisons 20] [--pairs 6] [--slower 10] [--before CMD]

PHALANX needs the backend that misbehaves (`cargo build --features chaos`; test builds have it), which runs the first backend
that is here: each batch is made slower
by a whole number of milliseconds, so the batch that is compared is chosen to take about ten times that. Each comparison
is of PAIRS runs of both sides, in turn and in alternating order, so that a drift of the machine hits both alike. --before
is put before each comparison's commands, such as `nice -n -5`. Exits 1 where fewer than nine in ten are right.
"""

import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import tempfile

RIGHT_MIN = 0.9
WINDOW_S, ROUNDS = 0.1, 5
# A slowdown is rounded to milliseconds: of so many it is known to a few percent.
SLOW_MS_MIN = 3


def bench(options, batches, out, slow_ms):
    environment = dict(os.environ)
    # Both sides run through the backend that misbehaves, the one before by no time at all.
    environment["PHALANX_CHAOS"] = f"slow={slow_ms}"
    command = [*options.before, options.phalanx, "bench", options.model, "--backend", "chaos", "--strategy", "raw",
               "--batches", ",".join(map(str, batches)), "--threads", "1", "--lanes", "1",
               "--seconds", str(WINDOW_S), "--rounds", str(ROUNDS), "--json"]
    ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if ended.returncode != 0:
        sys.exit(f"{shlex.join(command)}: {ended.stderr}")
    out.write_text(ended.stdout)
    return json.loads(ended.stdout)


def calibrate(options, folder):
    """The smallest batch that is slowed down as wanted by enough whole milliseconds."""
    report = bench(options, [8, 16, 32, 64, 128], folder / "calibrate.json", 0)
    for row in report["rows"]:
        batch_ms = row["batch"] / row["samples_per_s"] * 1000
        slow_ms = round(batch_ms * options.slower / (100 - options.slower))
        if slow_ms >= SLOW_MS_MIN:
            return row["batch"], slow_ms, batch_ms
    sys.exit("the model is too small: no batch takes long enough to be slowed down by whole milliseconds")


def compare(options, folder, batches, slow_ms):
    files = []
    for pair in range(options.pairs):
        sides = {False: folder / f"before{pair}.json", True: folder / f"after{pair}.json"}
        for is_after in (False, True) if pair % 2 == 0 else (True, False):
            bench(options, batches, sides[is_after], slow_ms if is_after else 0)
        files += [str(sides[False]), str(sides[True])]
    ended = subprocess.run([options.phalanx, "bench", "compare", "--json", *files], stdout=subprocess.PIPE, text=True)
    return ended.returncode, json.loads(ended.stdout)["rows"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("phalanx")
    parser.add_argument("model")
    parser.add_argument("--comparisons", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--slower", type=float, default=10.0, help="percent")
    parser.add_argument("--before", type=shlex.split, default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        batch, slow_ms, batch_ms = calibrate(options, folder)
        print(f"batches of {batch} take {batch_ms:.1f} ms; slower means {slow_ms} ms more", flush=True)
        right = {"same": 0, "slower": 0}
        changes = {"same": [], "slower": []}
        for number in range(1, options.comparisons + 1):
            for what, slow in (("same", 0), ("slower", slow_ms)):
                code, rows = compare(options, folder, [max(batch // 2, 1), batch], slow)
                found = [row for row in rows if row["verdict"] != "same"]
                right[what] += not found if what == "same" else code == 1
                changes[what].append(rows[-1]["change"])
                said = ", ".join(f"{row['change']:+.1%} (p {row['p']:.3f}) {row['verdict']}" for row in rows)
                print(f"{number} {what}: {said}", flush=True)
    for what, count in right.items():
        spread = statistics.pstdev(changes[what])
        print(f"{what}: {count} of {options.comparisons} right; change {statistics.mean(changes[what]):+.1%} ± {spread:.1%}")
    sys.exit(any(count < RIGHT_MIN * options.comparisons for count in right.values()))


if __name__ == "__main__":
    main()
