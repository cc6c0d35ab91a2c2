use proptest::prelude::*;

use super::*;

fn refusal(text: &str) -> String {
    read(text).expect_err(text)
}

#[test]
fn every_other_field_of_tritons_is_refused_by_name() {
    for (field, value) in [
        ("runtime", ": 'libx.so'"),
        ("batch_input", "[ { kind: BATCH_ELEMENT_COUNT } ]"),
        ("batch_output", "{ kind: BATCH_SCATTER_WITH_INPUT_SHAPE }"),
        ("optimization", "{ cuda { graphs: true } }"),
        ("sequence_batching", "{ max_sequence_idle_microseconds: 5000000 }"),
        ("ensemble_scheduling", "{ step [ { model_name: 'a' } ] }"),
        ("cc_model_filenames", "{ key: '7.5' value: 'x.onnx' }"),
        ("metric_tags", "{ key: 'a' value: 'b' }"),
        ("parameters", "{ key: 'a' value: { string_value: 'b' } }"),
        ("model_warmup", "[ { name: 'zeros' batch_size: 1 } ]"),
        ("model_operations", "{ op_library_filename: 'a.so' }"),
        ("model_transaction_policy", "{ decoupled: true }"),
        ("model_repository_agents", "{ agents [ { name: 'a' } ] }"),
        ("response_cache", "{ enable: true }"),
        ("model_metrics", "{ }"),
        ("max_batch_sizes", ": 8"),
    ] {
        let text = format!("name: \"m\"\nmax_batch_size: 8\n\n{field} {value}\n");
        assert_eq!(refusal(&text), format!("config.pbtxt:4: {field} is not supported"));
    }
}

#[test]
fn fields_within_fields_are_refused_by_their_whole_name() {
    let hint = "; give the model an SLO, which bounds the whole latency";
    for (outer, field, value, hint) in [
        ("input", "reshape", "{ shape: [ ] }", ""),
        ("input", "is_shape_tensor", ": true", ""),
        ("input", "allow_ragged_batch", ": true", ""),
        ("input", "optional", ": true", ""),
        ("input", "is_non_linear_format_io", ": true", ""),
        ("output", "reshape", "{ shape: [ 1 ] }", ""),
        ("output", "label_filename", ": 'labels.txt'", ""),
        ("instance_group", "rate_limiter", "{ priority: 1 }", ""),
        ("instance_group", "profile", ": 'max'", ""),
        ("instance_group", "passive", ": true", ""),
        ("instance_group", "host_policy", ": 'a'", ""),
        ("instance_group", "secondary_devices", "[ { device_id: 0 } ]", ""),
        ("dynamic_batching", "preserve_ordering", ": true", ""),
        ("dynamic_batching", "priority_queue_policy", "{ key: 1 value: { } }", ""),
        ("dynamic_batching.default_queue_policy", "default_timeout_microseconds", ": 100", hint),
        ("version_policy.latest", "versions", ": 1", ""),
        ("version_policy.all", "x", ": 1", ""),
    ] {
        let open = outer.replace('.', " { ");
        let close = "}".repeat(outer.split('.').count());
        let name = if matches!(outer, "input" | "output") { "name: 'x'" } else { "" };
        let text = format!("{open} {{ {name}\n{field} {value} {close}");
        assert_eq!(refusal(&text), format!("config.pbtxt:2: {outer}.{field} is not supported{hint}"));
    }
}

#[test]
fn values_that_would_be_ignored_are_refused() {
    for (text, expected) in [
        ("name: 'n'", "name: expected the name of its folder, \"m\", got \"n\""),
        ("name: m", "name: expected text in quotes, got m"),
        ("max_batch_size: -1", "max_batch_size: expected a whole number from 0, got -1"),
        ("max_batch_size: 4294967296", "max_batch_size: expected a whole number from 0, got 4294967296"),
        ("max_batch_size: 1.5", "max_batch_size: expected a whole number from 0, got 1.5"),
        ("max_batch_size { }", "max_batch_size: expected a whole number from 0, got a message"),
        ("max_batch_size: 8\nmax_batch_size: 8", "max_batch_size: expected it once, got it again"),
        (
            "platform: 'tensorrt_plan'",
            "platform: expected \"onnxruntime_onnx\" or \"tract_onnx\", got \"tensorrt_plan\"",
        ),
        ("backend: 'python'", "backend: expected \"onnxruntime\" or \"tract\", got \"python\""),
        (
            "platform: 'onnxruntime_onnx' backend: 'tract'",
            "backend: expected the same as platform (onnxruntime), got \"tract\"",
        ),
        (
            "default_model_filename: 'a.onnx'",
            "default_model_filename: expected \"model.onnx\", got \"a.onnx\"",
        ),
        ("input: 3", "input: expected a message in braces, got 3"),
        ("input { dims: 1 }", "input: expected a name, got none"),
        ("input { name: 'x' format: FORMAT_NHWC }", "input.format: expected FORMAT_NONE, got FORMAT_NHWC"),
        ("input { name: 'x' dims: 0 }", "input.dims: expected a size from 1, or -1 for any, got 0"),
        ("input { name: 'x' dims: -2 }", "input.dims: expected a whole number from -1, got -2"),
        (
            "input { name: 'x' data_type: FP32 }",
            "input.data_type: expected a type such as TYPE_FP32, got FP32",
        ),
        (
            "input { name: 'x' data_type: TYPE_BYTES }",
            "input.data_type: expected a type such as TYPE_FP32, got TYPE_BYTES",
        ),
        ("version_policy { latest { num_versions: 0 } }", {
            "version_policy.latest.num_versions: expected a whole number from 1, got 0"
        }),
        ("version_policy { specific { versions: 0 } }", {
            "version_policy.specific.versions: expected a whole number from 1, got 0"
        }),
        ("version_policy { specific { } }", "version_policy.specific: expected 1 to 1024 versions, got 0"),
        ("version_policy { all {} latest {} }", {
            "version_policy: expected one of latest, all and specific, got several"
        }),
        ("instance_group {} instance_group {}", {
            "instance_group: expected one group, since all devices of a model have as many lanes, got another"
        }),
        ("instance_group { kind: KIND_MODEL }", {
            "instance_group.kind: expected KIND_CPU, KIND_GPU or KIND_AUTO, got KIND_MODEL"
        }),
        ("instance_group { kind: KIND_CPU gpus: 0 }", {
            "instance_group.gpus: expected none, since kind is KIND_CPU, got 0"
        }),
        ("instance_group { gpus: [ 0, -1 ] }", {
            "instance_group.gpus: expected a whole number from 0, got -1"
        }),
        ("max_batch_size: 8 dynamic_batching { preferred_batch_size: [ 4, 8 ] }", {
            "dynamic_batching.preferred_batch_size: expected max_batch_size (8), which batches are filled up to, got 4"
        }),
        ("dynamic_batching { preferred_batch_size: 4 }", {
            "dynamic_batching.preferred_batch_size: expected a max_batch_size of the same, which batches are filled \
             up to, got 4"
        }),
        ("max_batch_size: 0 dynamic_batching { }", {
            "dynamic_batching: expected a max_batch_size above 0 with it, got 0"
        }),
        ("dynamic_batching { priority_levels: 3 default_priority_level: 2 }", {
            "dynamic_batching.default_priority_level: expected the last level (3), where requests without a priority \
             go, got 2"
        }),
        ("dynamic_batching { default_queue_policy { timeout_action: DELAY } }", {
            "dynamic_batching.default_queue_policy.timeout_action: expected REJECT, got DELAY"
        }),
        ("dynamic_batching { default_queue_policy { allow_timeout_override: maybe } }", {
            "dynamic_batching.default_queue_policy.allow_timeout_override: expected true or false, got maybe"
        }),
        ("max_batch_size: 8 dynamic_batching { default_queue_policy { max_queue_size: 4 } }", {
            "dynamic_batching.default_queue_policy.max_queue_size: expected 0 for no limit, or at least \
             max_batch_size (8), got 4"
        }),
    ] {
        let line = 1 + text.matches('\n').count();
        assert_eq!(refusal(text), format!("config.pbtxt:{line}: {expected}"));
    }
}

#[test]
fn a_calls_configuration_has_no_lines() {
    let refusal = |json: &str| ModelConfig::from_json("m", json).unwrap_err().to_string();
    assert_eq!(refusal(r#"{"ensembleScheduling": {}}"#), "config: ensemble_scheduling is not supported");
    assert_eq!(refusal(r#"{"max_batch_size": true}"#), {
        "config: max_batch_size: expected a whole number from 0, got true"
    });
    assert_eq!(refusal(r#"{"input": [[]]}"#), "config: input: expected a message in braces, got []");
}

proptest! {
    #[test]
    fn a_field_that_nobody_knows_is_never_passed_over(name in "[a-z_]{1,12}", value in 1_u32..9) {
        prop_assume!(!matches!(&*name, "name" | "platform" | "backend" | "runtime" | "input" | "output"));
        let refused = refusal(&format!("{name}: {value}"));
        prop_assert_eq!(refused, format!("config.pbtxt:1: {} is not supported", name));
    }
}
