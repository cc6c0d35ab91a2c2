#!/usr/bin/env python3
"""Measures what a served model costs and keeps: throughput, goodput, overload, start, memory, stop.

    python3 bench/server/run.py --models DIR --minilm minilm.onnx [PART ...]

Needs `cargo build --release` before, and nothing beside Python. DIR holds mlp.onnx and encoder.onnx
(`cargo run --example samples` writes them); scripts/make_minilm.py makes the other. Server and load share the machine.
"""

import argparse
import json
import pathlib

from parts import PARTS


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} [default: all]")
    parser.add_argument("--phalanx", default="target/release/phalanx", help="the program [default: %(default)s]")
    parser.add_argument("--models", type=pathlib.Path, required=True, help="where mlp.onnx and encoder.onnx are")
    parser.add_argument("--minilm", type=pathlib.Path, help="minilm.onnx, for goodput, overload and steps")
    parser.add_argument("--seconds", type=int, default=5, help="of each closed loop [default: %(default)s]")
    parser.add_argument("--rounds", type=int, default=5, help="of goodput [default: %(default)s]")
    parser.add_argument("--probe-seconds", type=int, default=15, help="of each rate tried [default: %(default)s]")
    parser.add_argument("--overload-seconds", type=int, default=60, help="of each overload [default: %(default)s]")
    parser.add_argument("--out", type=pathlib.Path, help="where everything measured is written as JSON")
    args = parser.parse_args()
    unknown = set(args.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part is called {', '.join(sorted(unknown))}")
    measured = {}
    for name in args.parts or PARTS:
        print(f"== {name}: {PARTS[name].__doc__}", flush=True)
        measured[name] = PARTS[name](args)
    if args.out:
        args.out.write_text(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
