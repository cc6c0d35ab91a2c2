#!/usr/bin/env python3
"""Fills the graph of a sentence encoder with random weights, for a machine that cannot fetch the real ones.

    minilm.py TEMPLATE.onnx OUT.onnx

Every initializer of the template that has no data gets numbers drawn at random: scales of normalisations around one, all
else around zero. Times do not depend on them. Needs `pip install onnx numpy`.
"""

import sys

import numpy as np
import onnx
from onnx import numpy_helper


def main(template, target):
    model = onnx.load(template)
    random = np.random.default_rng(0)
    for tensor in model.graph.initializer:
        if not tensor.doc_string:
            continue
        shape = tuple(tensor.dims)
        values = random.standard_normal(shape, dtype=np.float32) * 0.04
        if "LayerNorm.weight" in tensor.doc_string:
            values += 1.0
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    onnx.save(model, target)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
