#!/usr/bin/env python3
"""What PyTorch reaches with the reference models mlp, encoder and conv: eager, compiled and as one CUDA graph, inputs and
outputs copied each time, and as a graph with nothing copied. One JSON object a line. Needs torch."""

import json

import torch
from torch import nn

from torch_timed import timed


def mlp():
    return nn.Sequential(nn.Linear(256, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 256)), (256,)


def encoder():
    layer = nn.TransformerEncoderLayer(256, 4, 512, batch_first=True)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), (32, 256)


def conv():
    layers = [nn.Conv2d(3, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(), nn.Conv2d(64, 128, 3, 2, 1),
              nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10)]
    return nn.Sequential(*layers), (3, 32, 32)


def measure(model, compiled, host):
    """Samples a second, by how it is run."""
    batch, device = len(host), host.cuda()
    through = lambda call: call(host.to("cuda", non_blocking=True)).cpu()
    figures = {"eager_wait": timed(lambda: through(model)) * batch}
    figures["compiled_wait"] = timed(lambda: through(compiled)) * batch
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            model(device)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        answer = model(device)
    out = torch.empty_like(answer, device="cpu").pin_memory()

    def copies_and_graph():
        device.copy_(host, non_blocking=True)
        graph.replay()
        out.copy_(answer, non_blocking=True)

    figures["graph_not_waiting"] = timed(copies_and_graph) * batch
    figures["graph_resident"] = timed(graph.replay) * batch
    return figures


def main():
    torch.backends.cudnn.benchmark = True
    cases = [("mlp", mlp, "fp16", (256, 4096)), ("mlp", mlp, "fp32", (4096,)), ("encoder", encoder, "fp16", (256, 1024)),
             ("conv", conv, "tf32", (256, 1024)), ("conv", conv, "fp32", (256, 1024))]
    for name, make, precision, batches in cases:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
        dtype = torch.float16 if precision == "fp16" else torch.float32
        model, shape = make()
        model = model.eval().cuda().to(dtype)
        with torch.inference_mode():
            for batch in batches:
                torch._dynamo.reset()
                host = torch.randn(batch, *shape, dtype=dtype).pin_memory()
                figures = measure(model, torch.compile(model, mode="reduce-overhead"), host)
                print(json.dumps({"model": name, "precision": precision, "batch": batch, **figures}), flush=True)


if __name__ == "__main__":
    main()
