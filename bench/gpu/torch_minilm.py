#!/usr/bin/env python3
"""What PyTorch reaches with the sentence encoder all-MiniLM-L6-v2 (random weights, 32 tokens, fp16): eager, compiled and as
one CUDA graph, inputs and outputs copied each time. One JSON object a line.

    torch_minilm.py [BATCH,BATCH,...]        needs torch and transformers
"""

import json
import sys

import torch
from transformers import BertConfig, BertModel

from torch_timed import timed

TOKENS = 32


class Sentence(torch.nn.Module):
    """Mean pooling over the mask, normalised."""

    def __init__(self):
        super().__init__()
        config = BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536)
        self.bert = BertModel(config, add_pooling_layer=False)

    def forward(self, ids, mask, types):
        states = self.bert(ids, attention_mask=mask, token_type_ids=types).last_hidden_state
        weights = mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
        return torch.nn.functional.normalize(mean, dim=1)


def measure(model, compiled, batch):
    host = [torch.randint(0, 1000, (batch, TOKENS)), torch.ones(batch, TOKENS, dtype=torch.long),
            torch.zeros(batch, TOKENS, dtype=torch.long)]
    host = [tensor.pin_memory() for tensor in host]
    device = [tensor.cuda() for tensor in host]

    def through(call):
        return call(*(tensor.to("cuda", non_blocking=True) for tensor in host)).cpu()

    figures = {"eager_wait": timed(lambda: through(model)) * batch}
    figures["compiled_wait"] = timed(lambda: through(compiled)) * batch
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            model(*device)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        answer = model(*device)
    out = torch.empty_like(answer, device="cpu").pin_memory()

    def copies_and_graph():
        for target, source in zip(device, host):
            target.copy_(source, non_blocking=True)
        graph.replay()
        out.copy_(answer, non_blocking=True)

    def waiting():
        copies_and_graph()
        torch.cuda.synchronize()

    figures["graph_resident"] = timed(graph.replay) * batch
    figures["graph_wait"] = timed(waiting) * batch
    figures["graph_not_waiting"] = timed(copies_and_graph) * batch
    print(json.dumps({"model": "minilm", "dtype": "float16", "batch": batch, **figures}), flush=True)


def main(batches):
    torch.manual_seed(0)
    model = Sentence().eval().cuda().half()
    with torch.inference_mode():
        for batch in batches:
            torch._dynamo.reset()
            measure(model, torch.compile(model, mode="reduce-overhead"), batch)


if __name__ == "__main__":
    main([int(batch) for batch in (sys.argv[1] if len(sys.argv) > 1 else "32,64,128,256,1024").split(",")])
