"""Tensors that are not sent, but in shared memory."""

import os

from tritonclient.utils import shared_memory as shm

from .subject import check, same


@check()
async def cuda_shared_memory(subject):
    assert not await subject.call("get_cuda_shared_memory_status")
    await subject.call("unregister_cuda_shared_memory")
    await subject.refused("register_cuda_shared_memory", "region", b"aGFuZGxl", 0, 64)


@check()
async def system_shared_memory(subject):
    if not subject.options.shared_memory:
        text = await subject.refused("register_system_shared_memory", "in", "/no-such-key", 64)
        assert "--allow-shared-memory" in text, text
        return
    model, output = subject.options.model, await subject.first_output(subject.options.model)
    inputs, arrays = await subject.inputs(model, rows=2, seed=8)
    result = (await subject.infer(model, inputs)).as_numpy(output)
    bytes_in, key = sum(array.nbytes for array in arrays.values()), f"/phx-check-{os.getpid()}"
    region = shm.create_shared_memory_region("both", key, bytes_in + result.nbytes)
    try:
        await subject.call("unregister_system_shared_memory")
        await subject.call("register_system_shared_memory", "both", key, bytes_in + result.nbytes)
        assert "both" in str(await subject.call("get_system_shared_memory_status"))
        await subject.refused("register_system_shared_memory", "long", key, 1 << 40)
        offset = 0
        for wanted, array in zip(inputs, arrays.values()):
            shm.set_shared_memory_region(region, [array], offset)
            wanted.set_shared_memory("both", array.nbytes, offset)
            offset += array.nbytes
        wanted = [subject.module.InferRequestedOutput(output)]
        wanted[0].set_shared_memory("both", result.nbytes, offset)
        await subject.infer(model, inputs, outputs=wanted)
        same(result, shm.get_contents_as_numpy(region, result.dtype, list(result.shape), offset))
        wanted[0].set_shared_memory("both", result.nbytes, offset + 1)
        await subject.refused("infer", model, inputs, outputs=wanted)
        await subject.call("unregister_system_shared_memory", "both")
        await subject.refused("infer", model, inputs, outputs=wanted)
    finally:
        shm.destroy_shared_memory_region(region)
