#!/usr/bin/env python3
"""Makes a half-precision model of a single-precision one: weights, inputs and outputs in float16.

    half.py MODEL.onnx OUT.onnx

Half the bytes travel between host and device: what a model that was trained or exported in half precision does.
Needs `pip install onnx numpy`.
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

LARGEST = float(np.finfo(np.float16).max)


def halved(tensor):
    """A float32 tensor in float16; numbers that it cannot hold become its largest."""
    values = np.clip(numpy_helper.to_array(tensor), -LARGEST, LARGEST).astype(np.float16)
    return numpy_helper.from_array(values, tensor.name)


def main(source, target):
    model = onnx.load(source)
    graph = model.graph
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(halved(tensor))
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR and attribute.t.data_type == TensorProto.FLOAT:
                attribute.t.CopyFrom(halved(attribute.t))
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.FLOAT16
    for value in [*graph.input, *graph.output]:
        kind = value.type.tensor_type
        if kind.elem_type == TensorProto.FLOAT:
            kind.elem_type = TensorProto.FLOAT16
    del graph.value_info[:]
    onnx.checker.check_model(model)
    onnx.save(model, target)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
