#!/usr/bin/env python3
"""What PyTorch reaches with the reference model conv in true single precision (TF32 off), as one CUDA graph, inputs
resident and copied. One JSON object a line. Needs torch."""

import json

import torch
from torch import nn

from torch_timed import timed


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
