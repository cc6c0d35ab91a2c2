#!/usr/bin/env python3
"""Exports a PyTorch module as an ONNX file that phalanx can batch, and checks it: what `phalanx run` answers is what the
module answers, in batches of every size.

    docs/python/export_module.py model.onnx [--phalanx PATH] [--module package.module:factory]

Without --module a small transformer encoder is exported. The factory takes nothing, and gives a module and an example of
its inputs: a tuple of tensors, each with the batch as its first axis. Needs torch, onnx and numpy; onnxscript too from
torch 2.9 on. What matters is in `export`.
"""

import argparse
import importlib
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch

# Relative to the largest magnitude of a row, as `phalanx verify` has it.
TOLERANCE = 1e-4
ROWS = (1, 2, 3, 8, 33)


def encoder():
    """Two layers of a transformer, over 32 tokens of 64 values."""
    layer = torch.nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
    return torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), (torch.randn(3, 32, 64),)


def export(module, inputs, path, input_names, output_names):
    """Axis 0 of every input and output is the batch axis: it has to be dynamic, or nothing is ever batched."""
    # Dropout and batch statistics would make the rows of a batch depend on each other, and answers differ each time.
    module.eval()
    # Inputs of one row would fix the batch at 1: an example has two or more.
    assert all(tensor.shape[0] > 1 for tensor in inputs), "expected an example of at least two rows"
    batch = torch.export.Dim("batch", min=1, max=4096)
    with torch.no_grad():
        torch.onnx.export(
            module, inputs, path, dynamo=True, external_data=False, input_names=input_names,
            output_names=output_names, dynamic_shapes=tuple({0: batch} for _ in inputs))


def check_inspection(phalanx, path):
    """What `phalanx inspect` makes of the file: it must be able to batch it."""
    ended = subprocess.run([phalanx, "inspect", path, "--json"], stdout=subprocess.PIPE, check=True)
    report = json.loads(ended.stdout)
    if report["batching"]["mode"] != "batched":
        sys.exit(f"expected a model that can be batched, got {report['batching']}")


def check_answers(phalanx, module, inputs, path, input_names, output_names):
    for rows in ROWS:
        drawn = [torch.randn(rows, *tensor.shape[1:], dtype=tensor.dtype) if tensor.is_floating_point()
                 else torch.randint(0, 2, (rows, *tensor.shape[1:]), dtype=tensor.dtype) for tensor in inputs]
        with torch.no_grad():
            expected = module(*drawn)
        expected = expected if isinstance(expected, (tuple, list)) else (expected,)
        with tempfile.TemporaryDirectory() as folder:
            given, got = pathlib.Path(folder, "in.npz"), pathlib.Path(folder, "out.npz")
            numpy.savez(given, **{name: tensor.numpy() for name, tensor in zip(input_names, drawn)})
            subprocess.run([phalanx, "run", path, "--input", given, "--output", got], check=True)
            with numpy.load(got) as answers:
                for name, wanted in zip(output_names, expected):
                    compare(name, rows, wanted.numpy(), answers[name])


def compare(name, rows, wanted, got):
    assert wanted.shape == got.shape, f"{name}: expected {wanted.shape}, got {got.shape}"
    flat = wanted.reshape(rows, -1)
    error = numpy.abs(flat - got.reshape(rows, -1)).max(axis=1) / numpy.abs(flat).max(axis=1)
    assert error.max() <= TOLERANCE, f"{name}: a row is off by {error.max():.1e} in a batch of {rows}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path")
    parser.add_argument("--phalanx", default="phalanx")
    parser.add_argument("--module", help="package.module:factory")
    options = parser.parse_args()
    factory = encoder
    if options.module:
        package, name = options.module.split(":")
        factory = getattr(importlib.import_module(package), name)
    torch.manual_seed(1)
    module, inputs = factory()
    input_names = [f"input{index}" for index in range(len(inputs))] if len(inputs) > 1 else ["input"]
    with torch.no_grad():
        outputs = module.eval()(*inputs)
    count = len(outputs) if isinstance(outputs, (tuple, list)) else 1
    output_names = [f"output{index}" for index in range(count)] if count > 1 else ["output"]
    export(module, inputs, options.path, input_names, output_names)
    check_inspection(options.phalanx, options.path)
    check_answers(options.phalanx, module, inputs, options.path, input_names, output_names)
    print(f"{options.path}: the same answers in batches of {', '.join(map(str, ROWS))} rows")


if __name__ == "__main__":
    main()
