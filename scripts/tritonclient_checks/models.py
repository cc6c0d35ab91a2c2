"""What is asked of the server and its models besides inference."""

from .subject import check


@check()
async def health(subject):
    model = subject.options.model
    for method, arguments in [("is_server_live", []), ("is_server_ready", []), ("is_model_ready", [model])]:
        assert await subject.call(method, *arguments), method
    if subject.is_grpc:
        await subject.refused("is_model_ready", "no-such-model")
    else:
        assert not await subject.call("is_model_ready", "no-such-model")


@check()
async def metadata(subject):
    server = await subject.call("get_server_metadata")
    assert server["name"] and server["version"] and "statistics" in server["extensions"], server
    model = await subject.call("get_model_metadata", subject.options.model)
    assert model["versions"] and model["platform"] and model["inputs"] and model["outputs"], model
    version = model["versions"][0]
    assert await subject.call("get_model_metadata", subject.options.model, version) == model
    assert "no-such-model" in await subject.refused("get_model_metadata", "no-such-model")


@check()
async def configuration(subject):
    config = await subject.call("get_model_config", subject.options.model)
    config = config["config"] if subject.is_grpc else config
    inputs, _ = await subject.signature(subject.options.model)
    assert config["max_batch_size"] > 0, config
    assert [tensor["name"] for tensor in config["input"]] == [tensor["name"] for tensor in inputs]
    assert all(len(one["dims"]) + 1 == len(other["shape"]) for one, other in zip(config["input"], inputs))


@check()
async def statistics(subject):
    model = subject.options.model

    async def count(*arguments):
        stats = (await subject.call("get_inference_statistics", *arguments))["model_stats"]
        return {entry["name"]: int(entry["inference_stats"]["success"].get("count", 0)) for entry in stats}

    before = (await count(model))[model]
    inputs, _ = await subject.inputs(model)
    await subject.infer(model, inputs)
    assert (await count(model))[model] == before + 1
    assert (await count())[model] == before + 1


@check()
async def repository(subject):
    index = await subject.call("get_model_repository_index")
    index = index["models"] if subject.is_grpc else index
    assert any(entry["name"] == subject.options.model and entry["state"] == "READY" for entry in index), index
    model = subject.options.control
    if not model:
        assert "--model-control" in await subject.refused("load_model", subject.options.model)
        assert "--model-control" in await subject.refused("unload_model", subject.options.model)
        return None
    await subject.call("load_model", model)
    assert await subject.call("is_model_ready", model)
    await subject.call("unload_model", model)
    index = await subject.call("get_model_repository_index")
    index = index["models"] if subject.is_grpc else index
    assert not any(entry["name"] == model and entry.get("state") == "READY" for entry in index), index
    assert "no-such-model" in await subject.refused("load_model", "no-such-model")
    return None


@check()
async def trace_settings(subject):
    def setting(settings, name):
        settings = settings.get("settings", settings)
        return settings[name]["value"][0] if subject.is_grpc else settings[name]

    model = subject.options.model
    before = setting(await subject.call("get_trace_settings"), "trace_rate")
    changed = await subject.call("update_trace_settings", model, {"trace_rate": "7", "trace_level": ["TIMESTAMPS"]})
    assert setting(changed, "trace_rate") == "7"
    assert setting(await subject.call("get_trace_settings", model), "trace_rate") == "7"
    assert setting(await subject.call("get_trace_settings"), "trace_rate") == before
    cleared = await subject.call("update_trace_settings", model, {"trace_rate": None, "trace_level": None})
    assert setting(cleared, "trace_rate") == before
    await subject.refused("update_trace_settings", None, {"no_such_setting": "1"})


@check()
async def log_settings(subject):
    def level(settings):
        settings = settings.get("settings", settings)
        value = settings["log_verbose_level"]
        return value.get("uint32_param", 0) if isinstance(value, dict) else value

    before = level(await subject.call("get_log_settings"))
    assert level(await subject.call("update_log_settings", {"log_verbose_level": 1})) == 1
    assert level(await subject.call("get_log_settings")) == 1
    assert level(await subject.call("update_log_settings", {"log_verbose_level": before})) == before
