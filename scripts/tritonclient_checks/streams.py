"""Many inferences at once."""

import asyncio
import queue

import tritonclient.http as http_sync

from .subject import check, same


@check("http", "grpc")
async def callbacks(subject):
    model, output = subject.options.model, await subject.first_output(subject.options.model)
    inputs, _ = await subject.inputs(model, seed=9)
    expected = (await subject.infer(model, inputs)).as_numpy(output)
    if subject.is_grpc:
        done = queue.Queue()
        for _ in range(20):
            subject.client.async_infer(model, inputs, callback=lambda result, error: done.put((result, error)))
        for _ in range(20):
            result, error = done.get(timeout=30)
            assert error is None, error
            same(expected, result.as_numpy(output))
    else:
        client = http_sync.InferenceServerClient(subject.address, concurrency=8)
        for request in [client.async_infer(model, inputs) for _ in range(20)]:
            same(expected, request.get_result().as_numpy(output))
        client.close()


@check("grpc")
async def stream(subject):
    model, output = subject.options.model, await subject.first_output(subject.options.model)
    inputs, _ = await subject.inputs(model, seed=10)
    expected = (await subject.infer(model, inputs)).as_numpy(output)
    done = queue.Queue()
    for algorithm in (None, "gzip"):
        subject.client.start_stream(lambda result, error: done.put((result, error)), compression_algorithm=algorithm)
        for index in range(50):
            subject.client.async_stream_infer(model, inputs, request_id=str(index))
        for index in range(50):
            result, error = done.get(timeout=30)
            assert error is None, error
            assert result.get_response().id == str(index), "answers come in order"
            same(expected, result.as_numpy(output))
        subject.client.async_stream_infer("no-such-model", inputs)
        result, error = done.get(timeout=30)
        assert result is None and "no-such-model" in str(error), error
        subject.client.async_stream_infer(model, inputs, enable_empty_final_response=True)
        result, error = done.get(timeout=30)
        assert error is None and result.get_response().parameters["triton_final_response"].bool_param
        subject.client.stop_stream()


@check("grpc.aio")
async def stream_aio(subject):
    model, output = subject.options.model, await subject.first_output(subject.options.model)
    inputs, _ = await subject.inputs(model, seed=11)
    expected = (await subject.infer(model, inputs)).as_numpy(output)

    async def requests():
        for index in range(50):
            named = "no-such-model" if index == 25 else model
            yield {"model_name": named, "inputs": inputs, "request_id": str(index)}

    count = 0
    async for result, error in subject.client.stream_infer(requests()):
        if count == 25:
            assert "no-such-model" in str(error), error
        else:
            assert error is None, error
            same(expected, result.as_numpy(output))
        count += 1
    assert count == 50, count


@check("http.aio", "grpc.aio")
async def many_at_once(subject):
    model, output = subject.options.model, await subject.first_output(subject.options.model)
    inputs = [(await subject.inputs(model, seed=seed))[0] for seed in range(32)]
    alone = [(await subject.infer(model, each)).as_numpy(output) for each in inputs]
    together = await asyncio.gather(*[subject.infer(model, each) for each in inputs])
    for one, other in zip(alone, together):
        same(one, other.as_numpy(output))
