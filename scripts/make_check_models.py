#!/usr/bin/env python3
"""Writes a model repository for checking a server with real clients.

    python3 scripts/make_check_models.py DIR        needs numpy and onnx

DIR/numbers (y = 2x, batched), DIR/text (strings, given back), DIR/half (half precision, given back) and DIR/spare (as
numbers), each with a version 1.
"""

import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 9


def save(folder, name, kind, shape, nodes, constants=()):
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, name, [tensor("x", kind, shape)], [tensor("y", kind, shape)], list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    path = folder / name / "1" / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)


def main(folder):
    same = [helper.make_node("Identity", ["x"], ["y"])]
    twice = [helper.make_node("Mul", ["x", "two"], ["y"])]
    two = numpy_helper.from_array(np.float32(2), "two")
    for name in ["numbers", "spare"]:
        save(folder, name, TensorProto.FLOAT, ["batch", 8], twice, [two])
    save(folder, "text", TensorProto.STRING, ["batch", 2], same)
    save(folder, "half", TensorProto.FLOAT16, ["batch", 4], same)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
