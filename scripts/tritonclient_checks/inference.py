"""Inferences, one at a time."""

import numpy as np
from google.protobuf import json_format

from .subject import as_bytes, check, same


@check()
async def inference(subject):
    model = subject.options.model
    inputs, _ = await subject.inputs(model, rows=3)
    result = await subject.infer(model, inputs, request_id="mark")
    response = result.get_response()
    response = json_format.MessageToDict(response, preserving_proto_field_name=True) if subject.is_grpc else response
    assert response["id"] == "mark" and response["model_name"] == model, response
    output = result.as_numpy(await subject.first_output(model))
    assert output.shape[0] == 3
    wanted = [subject.module.InferRequestedOutput(await subject.first_output(model))]
    again = await subject.infer(model, inputs, outputs=wanted, model_version="")
    same(output, again.as_numpy(wanted[0].name()))


@check()
async def each_row_is_its_own(subject):
    model, output = subject.options.model, await subject.first_output(subject.options.model)
    inputs, arrays = await subject.inputs(model, rows=150, seed=1)
    many = (await subject.infer(model, inputs)).as_numpy(output)
    assert many.shape[0] == 150
    datatypes = {tensor["name"]: tensor["datatype"] for tensor in (await subject.signature(model))[0]}
    for row in (0, 63, 64, 149):
        one = [subject.input(name, datatypes[name], array[row : row + 1]) for name, array in arrays.items()]
        same(many[row : row + 1], (await subject.infer(model, one)).as_numpy(output))


@check("http", "http.aio")
async def json_and_binary_agree(subject):
    model, output = subject.options.model, await subject.first_output(subject.options.model)
    results = []
    for binary_in in (True, False):
        for binary_out in (True, False):
            inputs, _ = await subject.inputs(model, rows=2, seed=2, binary_data=binary_in)
            wanted = [subject.module.InferRequestedOutput(output, binary_data=binary_out)]
            results.append((await subject.infer(model, inputs, outputs=wanted)).as_numpy(output))
    for other in results[1:]:
        same(results[0], other)


@check()
async def compression(subject):
    model, output = subject.options.model, await subject.first_output(subject.options.model)
    inputs, _ = await subject.inputs(model, rows=8, seed=3)
    plain = (await subject.infer(model, inputs)).as_numpy(output)
    for algorithm in ("gzip", "deflate"):
        if subject.is_grpc:
            how = [{"compression_algorithm": algorithm}]
        else:
            both = {"request_compression_algorithm": algorithm, "response_compression_algorithm": algorithm}
            how = [dict([pair]) for pair in both.items()] + [both]
        for named in how:
            same(plain, (await subject.infer(model, inputs, **named)).as_numpy(output))


@check()
async def transports_agree(subject):
    model, output = subject.options.model, await subject.first_output(subject.options.model)
    inputs, _ = await subject.inputs(model, rows=4, seed=4)
    result = (await subject.infer(model, inputs)).as_numpy(output)
    reference = subject.options.reference.setdefault("agree", result)
    same(reference, result)


@check()
async def strings(subject):
    model = subject.options.bytes_model
    if not model:
        return "not asked for"
    inputs, arrays = await subject.inputs(model, rows=2, seed=5)
    output = await subject.first_output(model)
    (given,) = arrays.values()
    same(given, (await subject.infer(model, inputs)).as_numpy(output))
    if not subject.is_grpc:
        inputs, _ = await subject.inputs(model, rows=2, seed=5, binary_data=False)
        wanted = [subject.module.InferRequestedOutput(output, binary_data=False)]
        same(given, (await subject.infer(model, inputs, outputs=wanted)).as_numpy(output))


@check()
async def half_precision(subject):
    model = subject.options.fp16_model
    if not model:
        return "not asked for"
    inputs, _ = await subject.inputs(model, rows=2, seed=6)
    result = (await subject.infer(model, inputs)).as_numpy(await subject.first_output(model))
    assert result.dtype == np.float16, result.dtype
    same(subject.options.reference.setdefault("half", result), result, 1e-2)


@check()
async def classification(subject):
    model, output = subject.options.model, await subject.first_output(subject.options.model)
    inputs, _ = await subject.inputs(model, rows=2, seed=7)
    all_values = (await subject.infer(model, inputs)).as_numpy(output).reshape(2, -1)
    wanted = [subject.module.InferRequestedOutput(output, class_count=3)]
    classes = (await subject.infer(model, inputs, outputs=wanted)).as_numpy(output)
    classes = classes.reshape(2, -1)
    for row in range(2):
        best = [int(as_bytes(line).decode().split(":")[1]) for line in classes[row]]
        assert list(np.argsort(-all_values[row], kind="stable")[: len(best)]) == best, classes


@check()
async def parameters(subject):
    model = subject.options.model
    inputs, _ = await subject.inputs(model)
    await subject.infer(model, inputs, priority=1, timeout=30_000_000)
    text = await subject.refused("infer", model, inputs, timeout=1)
    assert "too late" in text, text
    if subject.is_grpc:
        await subject.infer(model, inputs, client_timeout=30)


@check()
async def errors(subject):
    model = subject.options.model
    inputs, arrays = await subject.inputs(model)
    assert "no-such-model" in await subject.refused("infer", "no-such-model", inputs)
    assert "99" in await subject.refused("infer", model, inputs, model_version="99")
    name, array = next(iter(arrays.items()))
    datatype = next(tensor["datatype"] for tensor in (await subject.signature(model))[0])
    wrong = [subject.input(name, datatype, np.concatenate([array, array], axis=-1)), *inputs[1:]]
    assert name in await subject.refused("infer", model, wrong)
    wrong = [subject.input("no-such-input", datatype, array), *inputs[1:]]
    assert "no-such-input" in await subject.refused("infer", model, wrong)
    wanted = [subject.module.InferRequestedOutput("no-such-output")]
    assert "no-such-output" in await subject.refused("infer", model, inputs, outputs=wanted)
