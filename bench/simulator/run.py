"""Compares the simulator with the engine: the goodput of every policy, with Poisson arrivals and in bursts, on models
that are given, both in the simulator and on the engine of this machine.

    cargo build --release
    python3 bench/simulator/run.py target/release/phalanx minilm.onnx:100ms encoder.onnx:50ms --output figures.json

Ends with 1 where any goodput differs by more than 7 points of the bound. Everything else on the machine disturbs the
engine and not the simulator, so nothing else should run.
"""

import argparse
import json
import pathlib
import subprocess
import sys

POLICIES = ["immediate", "delay:5ms", "adaptive:50ms", "aimd", "deferred", "slo-window"]
ARRIVALS = ["poisson", "gamma:0.1"]
# What the models of the project's benchmarks take as input.
INPUTS = {"minilm": ["--range", "input_ids=0:30522", "--range", "attention_mask=1:2", "--dim", "sequence=32"]}
POINTS_MAX = 7.0


def compare(program, model, slo, policy, arrivals, requests, wrapper):
    """One cell: what `phalanx simulate --against` prints."""
    inputs = next((options for name, options in INPUTS.items() if name in pathlib.Path(model).stem), [])
    command = [*wrapper, program, "simulate", "--against", model, "--slo", slo, "--policy", policy]
    command += ["--arrivals", arrivals, "--requests", str(requests), "--seeds", "1", "--json", *inputs]
    ended = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    # 1 says that the figures differ, which is judged below.
    if ended.returncode not in (0, 1) or not ended.stdout:
        sys.exit(f"error: {' '.join(command)} ended with {ended.returncode}")
    return json.loads(ended.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("models", nargs="+", metavar="MODEL:SLO")
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("--wrapper", default="", help="a command that runs what is measured, such as nice -n -5")
    args = parser.parse_args()
    rows = []
    for subject in args.models:
        model, slo = subject.rsplit(":", 1)
        for arrivals in ARRIVALS:
            for policy in POLICIES:
                report = compare(
                    args.program, model, slo, policy, arrivals, args.requests, args.wrapper.split()
                )
                cell = report["cells"][0] | {"model": report["model"], "slo": slo, "bound": report["bound_per_s"]}
                rows.append(cell)
                bound = cell["bound"]
                print(
                    f"{cell['model']:10} {slo:6} {policy:14} {arrivals:10} simulated {cell['simulated_per_s'] / bound:.2f}"
                    f"  engine {cell['engine_per_s'] / bound:.2f}  {cell['points']:+5.1f} points",
                    flush=True,
                )
    if args.output:
        args.output.write_text(json.dumps(rows, indent=2) + "\n")
    off = [row for row in rows if abs(row["points"]) > POINTS_MAX]
    print(f"{len(rows) - len(off)} of {len(rows)} within {POINTS_MAX:.0f} points")
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main())
