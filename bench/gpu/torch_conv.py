#!/usr/bin/env python3
"""What PyTorch reaches with the reference model conv in true single precision (TF32 off), as one CUDA graph, inputs
resident and copied. One JSON object a line. Needs torch."""

import json
import time

import torch
from torch import nn


def timed(run, seconds=0.7):
    for _ in range(5):
        run()
    torch.cuda.synchronize()
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        run()
        count += 1
    torch.cuda.synchronize()
    return count / (time.perf_counter() - start)


def main():
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    layers = [nn.Conv2d(3, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(), nn.Conv2d(64, 128, 3, 2, 1),
              nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10)]
    model = nn.Sequential(*layers).eval().cuda()
    with torch.inference_mode():
        for batch in (256, 1024):
            host = torch.randn(batch, 3, 32, 32).pin_memory()
            device = host.cuda()
            stream = torch.cuda.Stream()
            with torch.cuda.stream(stream):
                for _ in range(3):
                    model(device)
            torch.cuda.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                answer = model(device)
            out = torch.empty_like(answer, device="cpu").pin_memory()

            def copied():
                device.copy_(host, non_blocking=True)
                graph.replay()
                out.copy_(answer, non_blocking=True)

            figures = {"resident": timed(graph.replay) * batch, "copied": timed(copied) * batch}
            print(json.dumps({"model": "conv", "dtype": "float32, no TF32", "batch": batch, **figures}), flush=True)


if __name__ == "__main__":
    main()
