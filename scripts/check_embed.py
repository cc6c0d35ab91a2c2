#!/usr/bin/env python3
"""Compares what the example `embed` wrote with onnxruntime called directly, on the same token ids.

    check_embed.py MODEL.onnx EMBEDDINGS.json ...      needs pip's onnxruntime and numpy

Each sentence is run by itself and without padding. Prints the largest difference of each file, and fails where one is
above 1e-5. An embedding has length 1.
"""
import json
import pathlib
import sys

import numpy as np
import onnxruntime

DIFFERENCE_MAX = 1e-5


def reference(session: onnxruntime.InferenceSession, sentence: dict) -> np.ndarray:
    feeds = {entry.name: np.array([sentence[entry.name]], np.int64) for entry in session.get_inputs()}
    (output,) = session.run(["embedding"], feeds)
    return output[0]


def largest_difference(session: onnxruntime.InferenceSession, path: str) -> tuple[int, float]:
    """Sentences in a file, and how far it is from the reference."""
    sentences = json.loads(pathlib.Path(path).read_text())["sentences"]
    expected = np.array([reference(session, sentence) for sentence in sentences])
    got = np.array([sentence["embedding"] for sentence in sentences], np.float32)
    if len(sentences) < 2 or expected.shape != got.shape:
        raise SystemExit(f"{path}: expected {expected.shape}, two sentences at least, got {got.shape}")
    return len(sentences), float(np.abs(expected - got).max())


def main(model: str, paths: list[str]) -> int:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    failed = False
    for path in paths:
        sentences, difference = largest_difference(session, path)
        # Written so that NaN fails.
        agrees = difference <= DIFFERENCE_MAX
        failed |= not agrees
        verdict = "agrees" if agrees else f"above {DIFFERENCE_MAX:g}"
        print(f"{path}: {sentences} sentences, largest difference {difference:.2g}: {verdict}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
