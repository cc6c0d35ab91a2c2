#!/usr/bin/env python3
"""Measures what the CUDA backend reaches on an NVIDIA GPU, beside PyTorch on the same machine.

    run.py PROGRAMS MODELS [PART ...]

PROGRAMS is a folder with the release builds of `phalanx`, and of the examples `pump`, `steps` and `waits` of the crate phalanx-cuda and
`many_callers` of phalanx-engine. MODELS has mlp.onnx, encoder.onnx, conv.onnx and minilm.onnx; those in half precision
(NAME.f16.onnx) are made by half.py where they are missing, which needs onnx and numpy. Each part takes less than ten
minutes; without any, all run. One JSON object a line, words on stderr.

    slots     pinned slot to pinned slot, several batches under way, contents checked
    resident  each step of a batch by itself, nothing copied
    callers   one caller's latency and thousands of callers through the engine, rows gathered from their memory
    devices   sentences for 4,096 callers on one GPU, on two, up to all there are
    correct   level 1 of `phalanx verify` against the reference on the processor, fp32 and fp16
    leaks     over a million batches: memory of the device and of the process meanwhile
    sanitize  one run of each model under compute-sanitizer
    ops       what submitting single products costs (`phalanx bench ops`)
    waits     lanes by their own fence, a device-wide wait or one lock, as threads and as processes
    torch     PyTorch on the same models: torch_minilm.py, torch_models.py
"""

import json
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent


class Bench:
    def __init__(self, programs, models):
        self.programs, self.models = pathlib.Path(programs), pathlib.Path(models)
        for name in ("mlp", "encoder", "conv"):
            half = self.models / f"{name}.f16.onnx"
            if not half.exists():
                subprocess.run([sys.executable, HERE / "half.py", self.models / f"{name}.onnx", half], check=True)

    def model(self, name):
        return str(self.models / f"{name}.onnx")

    def run(self, program, *arguments, seconds=120):
        """Runs a program and passes on what it prints; whether it ended well."""
        words = [str(self.programs / program), *map(str, arguments)]
        print("+", *words, file=sys.stderr, flush=True)
        try:
            return subprocess.run(words, timeout=seconds).returncode == 0
        except subprocess.TimeoutExpired:
            print(f"{program} took longer than {seconds} s", file=sys.stderr)
            return False

    def slots(self):
        pump = lambda model, *rest: self.run("pump", self.model(model), *rest)
        return all([
            pump("mlp.f16", "fp16", "256", "1,2", "4,8", 1),
            pump("mlp.f16", "fp16", "4096", "2,3,4", "3,4", 1),
            pump("mlp", "fp32", "256,4096", "2,3", "4", 1),
            pump("encoder.f16", "fp16", "256,1024", "1,2", "3", 1),
            pump("conv", "tf32", "256,1024", "1,2", "3", 1),
            pump("conv", "fp32", "256,1024", "1,2", "3", 1),
            pump("minilm", "fp16", "32,64,128,256,1024", "1,2", "1,4", 1),
            pump("mlp.f16", "fp16", "1", "1", "1", 1, 0),
            pump("mlp.f16", "fp16", "1", "1", "1", 1, 50),
            pump("encoder.f16", "fp16", "1", "1", "1", 1, 50),
        ])

    def resident(self):
        steps = [("mlp.f16", "fp16", "1,256,4096"), ("encoder.f16", "fp16", "1,256,1024"), ("conv", "tf32", "256"),
                 ("conv", "fp32", "256"), ("minilm", "fp16", "32,256,1024")]
        return all([self.run("steps", self.model(model), *rest) for model, *rest in steps])

    def callers(self):
        call = lambda model, *rest: self.run("many_callers", self.model(model), "cuda", "fp16", *rest)
        one = [call(model, 1, 1, 1, 8, 2, spin, 1) for model in ("mlp.f16", "encoder.f16") for spin in (0, 50)]
        many = [call("mlp.f16", threads, 4096, queues, 1024, 2, 0, 2, queues)
                for threads, queues in ((1, 1), (8, 1), (8, 8), (12, 12), (16, 1), (16, 16))]
        gathered = self.run("phalanx", "bench", self.model("mlp.f16"), "--backend", "cuda", "--precision", "fp16",
                            "--strategy", "raw,dataset", "--batches", "256,4096", "--max-batch", 4096, "--lanes", 4)
        return all([*one, *many, gathered])

    def devices(self):
        """One engine on one GPU, on two, and so on up to all there are."""
        gpus = [f"cuda:{index}" for index in range(gpu_count())]
        call = lambda count: self.run("many_callers", self.model("minilm"), "cuda", "fp16", 12, 4096, 4, 256, 2, 0, 2, 4,
                                      ",".join(gpus[:count]))
        return all([call(count) for count in range(1, len(gpus) + 1)])

    def correct(self):
        checks = [("mlp", "fp32"), ("encoder", "fp32"), ("conv", "fp32"), ("minilm", "fp32"),
                  ("mlp", "fp16"), ("encoder", "fp16"), ("conv", "fp16"), ("minilm", "fp16")]
        verify = lambda model, precision: self.run(
            "phalanx", "verify", self.model(model), "--level", 1, "--backend", "cuda", "--precision", precision)
        return all([verify(*check) for check in checks])

    def leaks(self):
        """Over a million batches: what the device and the process hold, every few seconds."""
        words = [str(self.programs / "pump"), self.model("mlp.f16"), "fp16", "256", "2", "4", "25"]
        process = subprocess.Popen(words)
        seen = []
        while process.poll() is None:
            seen.append({"device_mib": device_mib(), "resident_mib": resident_mib(process.pid)})
            time.sleep(3)
        print(json.dumps({"part": "leaks", "seen": seen}), flush=True)
        return process.returncode == 0

    def ops(self):
        ladder = lambda *rest: self.run("phalanx", "bench", "ops", "--device", "cuda:0", "--rounds", 5, *rest, seconds=300)
        return all([ladder("--sizes", "64,96,128,192,256", "--precision", "fp32"),
                    ladder("--sizes", "64,1024", "--precision", "fp16")])

    def waits(self):
        return self.run("waits", self.model("mlp"), seconds=300)

    def sanitize(self):
        models = [("mlp.f16", "fp16", "1,48"), ("encoder.f16", "fp16", "1,48"), ("conv", "tf32", "1,48"),
                  ("minilm", "fp16", "1,16"), ("encoder", "fp32", "3")]
        good = True
        for model, precision, batches in models:
            words = ["compute-sanitizer", "--error-exitcode", "9", str(self.programs / "pump"), self.model(model),
                     precision, batches, "1", "1", "0.01"]
            ended = subprocess.run(words, capture_output=True, text=True, timeout=300)
            summary = [line for line in (ended.stdout + ended.stderr).splitlines() if "ERROR SUMMARY" in line]
            print(json.dumps({"part": "sanitize", "model": model, "precision": precision, "exit": ended.returncode,
                              "summary": summary}), flush=True)
            good &= ended.returncode == 0
        return good

    def torch(self):
        minilm = subprocess.run([sys.executable, HERE / "torch_minilm.py"]).returncode == 0
        models = subprocess.run([sys.executable, HERE / "torch_models.py"]).returncode == 0
        return minilm and models


def device_mib():
    """Memory of the first GPU in use."""
    words = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"]
    return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def gpu_count():
    return len(subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True).stdout.splitlines())


def resident_mib(pid):
    """Memory that a process has resident; none where it has just ended."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    sizes = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return int(sizes[0]) >> 10 if sizes else None


PARTS = ["slots", "resident", "callers", "devices", "correct", "leaks", "sanitize", "ops", "waits", "torch"]


def main(programs, models, *parts):
    unknown = set(parts) - set(PARTS)
    if unknown:
        sys.exit(f"unknown parts: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    bench = Bench(programs, models)
    failed = [part for part in parts or PARTS if not getattr(bench, part)()]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
