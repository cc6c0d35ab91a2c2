mod refused;
mod signatures;

use phalanx_backend::{Device, Devices};
use phalanx_engine::Policy;

use super::*;

/// Reads the configuration of a model called `m`.
fn read(text: &str) -> Result<ModelConfig, String> {
    ModelConfig::from_text("m", text).map_err(|error| error.to_string())
}

#[test]
fn a_whole_configuration() {
    let config = read(
        r#"
        name: "m"
        platform: "onnxruntime_onnx"
        max_batch_size: 32
        input [
          { name: "input_ids" data_type: TYPE_INT64 dims: [ -1 ] },
          { name: "attention_mask", data_type: TYPE_INT64, dims: [ -1 ] }
        ]
        output [ { name: "embedding" data_type: TYPE_FP32 dims: [ 384 ] } ]
        version_policy: { specific { versions: [ 2, 5 ] } }
        instance_group [ { name: "both" count: 2 kind: KIND_CPU } ]
        dynamic_batching {
          preferred_batch_size: [ 32 ]
          max_queue_delay_microseconds: 500
          priority_levels: 3
          default_priority_level: 3
          default_queue_policy { timeout_action: REJECT allow_timeout_override: true max_queue_size: 256 }
        }
        default_model_filename: "model.onnx"
        "#,
    );
    let config = config.unwrap();
    assert_eq!(config.versions, VersionPolicy::Specific(vec![2, 5]));
    let options = config.options();
    assert_eq!(options.backend.unwrap().to_string(), "onnxruntime");
    assert_eq!((options.device, options.lanes), (Some(Device::Cpu.into()), Some(2)));
    assert_eq!((options.max_batch, options.queue_limit), (Some(32), Some(256)));
    assert_eq!(options.policy, Some(Policy::Delay { timeout_ns: 500_000 }));
}

#[test]
fn nothing_said_leaves_everything_open() {
    let config = read("# nothing\n").unwrap();
    assert_eq!(config, ModelConfig::default());
    assert_eq!(config.versions, VersionPolicy::Latest(1));
    let options = config.options();
    assert!(options.backend.is_none() && options.device.is_none() && options.policy.is_none());
    assert_eq!((options.lanes, options.max_batch, options.queue_limit), (None, None, None));
}

#[test]
fn without_batching_no_two_rows_share_a_run() {
    assert_eq!(read("max_batch_size: 0").unwrap().options().max_batch, Some(1));
}

#[test]
fn an_empty_dynamic_batching_waits_for_nobody() {
    let options = read("max_batch_size: 8 dynamic_batching { }").unwrap().options();
    assert_eq!((options.max_batch, options.policy), (Some(8), None));
    let zero = read(
        "dynamic_batching { max_queue_delay_microseconds: 0 default_queue_policy { max_queue_size: 0 } }",
    );
    let options = zero.unwrap().options();
    assert_eq!((options.policy, options.queue_limit), (None, None));
}

#[test]
fn versions_by_policy() {
    let policy = |text: &str| read(&format!("version_policy {{ {text} }}")).unwrap().versions;
    let present = [1, 3, 7];
    for (text, expected) in [
        ("", vec![7]),
        ("latest {}", vec![7]),
        ("latest { num_versions: 2 }", vec![3, 7]),
        ("latest { num_versions: 9 }", vec![1, 3, 7]),
        ("all {}", vec![1, 3, 7]),
        ("specific { versions: 3 versions: [ 4, 1 ] }", vec![3, 4, 1]),
    ] {
        assert_eq!(policy(text).choose(&present), expected, "{text}");
    }
}

#[test]
fn devices_by_kind() {
    let device = |text: &str| read(&format!("instance_group {{ {text} }}")).unwrap().options().device;
    assert_eq!(device("kind: KIND_AUTO"), None);
    assert_eq!(device("count: 0"), None);
    assert_eq!(device("kind: KIND_CPU"), Some(Device::Cpu.into()));
    let gpu = device("kind: KIND_GPU");
    if cfg!(target_os = "macos") {
        assert_eq!((gpu, device("gpus: 0")), (Some(Device::WebGpu.into()), Some(Device::WebGpu.into())));
    } else {
        assert_eq!(
            (gpu, device("gpus: [ 3 ]")),
            (Some(Device::Cuda(0).into()), Some(Device::Cuda(3).into()))
        );
        assert_eq!(device("kind: KIND_GPU gpus: 1"), Some(Device::Cuda(1).into()));
        assert_eq!(device("gpus: [ 2, 0 ]"), Devices::new([Device::Cuda(2), Device::Cuda(0)]));
    }
}

#[test]
fn backends_by_either_name() {
    let backend = |text: &str| read(text).unwrap().options().backend.map(|backend| backend.to_string());
    for (text, expected) in [
        ("backend: 'onnxruntime'", Some("onnxruntime")),
        ("platform: 'tract_onnx'", Some("tract")),
        ("platform: 'onnxruntime_onnx' backend: 'onnxruntime'", Some("onnxruntime")),
        ("platform: '' backend: ''", None),
    ] {
        assert_eq!(backend(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn a_configuration_as_a_server_prints_it() {
    let json = r#"{
        "name": "m", "platform": "onnxruntime_onnx", "backend": "onnxruntime", "runtime": "",
        "version_policy": {"latest": {"num_versions": 1}}, "maxBatchSize": 16,
        "input": [{"name": "x", "data_type": "TYPE_FP32", "format": "FORMAT_NONE", "dims": ["4"],
                   "is_shape_tensor": false, "allow_ragged_batch": false, "optional": false}],
        "output": [{"name": "y", "data_type": "TYPE_FP32", "dims": [4], "label_filename": "",
                    "is_shape_tensor": false}],
        "batch_input": [], "batch_output": [],
        "dynamic_batching": {"preferred_batch_size": [], "max_queue_delay_microseconds": "250",
                             "preserve_ordering": false, "priority_levels": 0, "default_priority_level": 0},
        "instance_group": [{"name": "m_0", "kind": "KIND_CPU", "count": 1, "gpus": [], "secondary_devices": [],
                            "profile": [], "passive": false, "host_policy": ""}],
        "default_model_filename": "model.onnx", "cc_model_filenames": {}, "metric_tags": {}, "parameters": {},
        "model_warmup": []
    }"#;
    let config = ModelConfig::from_json("m", json).unwrap();
    config.check(phalanx_model::samples::tiny().signature()).unwrap();
    let options = config.options();
    assert_eq!((options.max_batch, options.lanes), (Some(16), Some(1)));
    assert_eq!(options.policy, Some(Policy::Delay { timeout_ns: 250_000 }));
}
