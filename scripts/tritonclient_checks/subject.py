"""A client of whatever kind, and what the checks compare with."""

import inspect

import numpy as np
import tritonclient.grpc as grpc_sync
import tritonclient.grpc.aio as grpc_aio
import tritonclient.http as http_sync
import tritonclient.http.aio as http_aio
from google.protobuf import json_format
from tritonclient.utils import InferenceServerException, triton_to_np_dtype

CLIENTS = {"http": http_sync, "http.aio": http_aio, "grpc": grpc_sync, "grpc.aio": grpc_aio}
CHECKS = []


def check(*names):
    """A check for the clients of these names; for all where there are none."""

    def add(function):
        CHECKS.append((function, names or tuple(CLIENTS)))
        return function

    return add


class Subject:
    """One client, whatever kind it is of."""

    def __init__(self, name, options):
        self.name, self.options, self.module = name, options, CLIENTS[name]
        self.is_grpc = name.startswith("grpc")
        self.address = options.grpc if self.is_grpc else options.http
        self.client = self.module.InferenceServerClient(self.address)

    async def call(self, method, *arguments, **named):
        """What the method gives, with messages as dictionaries and numbers as numbers."""
        result = getattr(self.client, method)(*arguments, **named)
        result = await result if inspect.isawaitable(result) else result
        if hasattr(result, "DESCRIPTOR"):
            return json_format.MessageToDict(result, preserving_proto_field_name=True)
        return result

    async def refused(self, method, *arguments, **named):
        """The text of the error that the method has to raise."""
        try:
            await self.call(method, *arguments, **named)
        except InferenceServerException as error:
            return str(error)
        raise AssertionError(f"{method} was not refused")

    async def signature(self, model):
        metadata = await self.call("get_model_metadata", model)
        return metadata["inputs"], metadata["outputs"]

    async def inputs(self, model, rows=1, seed=0, **how):
        """Inputs of so many rows, and their arrays by name."""
        arrays, inputs = {}, []
        for tensor in (await self.signature(model))[0]:
            shape = [int(size) for size in tensor["shape"]]
            shape = [rows if axis == 0 else max(size, 1) if size > 0 else 3 for axis, size in enumerate(shape)]
            array = values(tensor["datatype"], shape, seed)
            arrays[tensor["name"]] = array
            inputs.append(self.input(tensor["name"], tensor["datatype"], array, **how))
        return inputs, arrays

    def input(self, name, datatype, array, **how):
        wanted = self.module.InferInput(name, list(array.shape), datatype)
        wanted.set_data_from_numpy(array, **how)
        return wanted

    async def infer(self, model, inputs, **named):
        return await self.call("infer", model, inputs, **named)

    async def first_output(self, model):
        return (await self.signature(model))[1][0]["name"]


def values(datatype, shape, seed):
    draw = np.random.default_rng(seed)
    if datatype == "BYTES":
        words = ["", "word", "größer", "x" * 300]
        return np.array(draw.choice(words, size=shape), dtype=np.object_)
    dtype = triton_to_np_dtype(datatype)
    if dtype is bool:
        return draw.integers(0, 2, size=shape).astype(bool)
    if np.issubdtype(dtype, np.integer):
        return draw.integers(0, 100, size=shape).astype(dtype)
    return draw.standard_normal(shape).astype(dtype)


def same(one, other, tolerance=1e-4):
    assert one.shape == other.shape, f"{one.shape} and {other.shape}"
    if one.dtype == np.object_:
        assert [as_bytes(word) for word in one.ravel()] == [as_bytes(word) for word in other.ravel()]
    else:
        scale = max(float(np.max(np.abs(one.astype(np.float64)), initial=0)), 1e-6)
        error = float(np.max(np.abs(one.astype(np.float64) - other.astype(np.float64)), initial=0))
        assert error <= tolerance * scale, f"they differ by {error} of {scale}"


def as_bytes(word):
    return word.encode() if isinstance(word, str) else bytes(word)
