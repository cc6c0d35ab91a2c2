//! What REST says besides inference has the names that clients look for.

use phalanx_protocol::rest::metadata::{
    Duration, LoadRequest, LogSettings, LogSettingsUpdate, ModelConfig, ModelIndex, ModelStatistics,
    RepositoryIndexRequest, Statistics, SystemRegistration, TraceSettings, TraceValue, UnloadRequest,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads and writes `text`, which is just what is written.
fn same<T: DeserializeOwned + Serialize>(text: &str) -> T {
    let value: T = serde_json::from_str(text).expect("it is of this type");
    let written: serde_json::Value = serde_json::to_value(&value).expect("it is of this type");
    let expected: serde_json::Value = serde_json::from_str(text).expect("it is of this type");
    assert_eq!(written, expected);
    value
}

#[test]
fn settings() {
    let settings: TraceSettings =
        same(r#"{"trace_level":["TIMESTAMPS"],"trace_rate":"1000","trace_count":null}"#);
    assert_eq!(settings.0["trace_count"], TraceValue::Cleared);
    assert_eq!(settings.0["trace_rate"], TraceValue::One("1000".to_owned()));
    same::<LogSettings>(
        r#"{"log_file":"","log_info":true,"log_warning":true,"log_error":true,"log_verbose_level":0,"log_format":"default"}"#,
    );
    let update: LogSettingsUpdate = same(r#"{"log_verbose_level":2}"#);
    assert_eq!(update.log_info, None);
    let error = serde_json::from_str::<LogSettingsUpdate>(r#"{"log_colour":1}"#).unwrap_err();
    assert!(error.to_string().contains("log_colour"), "{error}");
}

#[test]
fn statistics() {
    let success = Duration { count: 2, ns: 30 };
    let mut model =
        ModelStatistics { name: "m".to_owned(), version: "1".to_owned(), ..ModelStatistics::default() };
    model.inference_stats.success = success;
    let text = serde_json::to_string(&Statistics { model_stats: vec![model] }).unwrap();
    for part in [
        r#"{"model_stats":[{"name":"m","version":"1","last_inference":0,"inference_count":0,"execution_count":0"#,
        r#""inference_stats":{"success":{"count":2,"ns":30},"fail":{"#,
        r#""cache_hit":{"count":0,"ns":0},"cache_miss":{"#,
        r#""batch_stats":[]"#,
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn repository() {
    same::<Vec<ModelIndex>>(r#"[{"name":"a","version":"1","state":"READY"},{"name":"b"}]"#);
    assert!(!serde_json::from_str::<RepositoryIndexRequest>("{}").unwrap().ready);
    let load: LoadRequest = same(r#"{"parameters":{"config":"{}","file:1/model.onnx":"AAAA"}}"#);
    assert_eq!(load.parameters["file:1/model.onnx"], "AAAA");
    assert_eq!(serde_json::from_str::<LoadRequest>("{}").unwrap(), LoadRequest::default());
    assert!(
        serde_json::from_str::<UnloadRequest>(r#"{"parameters":{"unload_dependents":true}}"#)
            .unwrap()
            .parameters
            .unload_dependents
    );
    assert_eq!(
        serde_json::from_str::<SystemRegistration>(r#"{"key":"/k","byte_size":4}"#).unwrap().offset,
        0
    );
}

#[test]
fn model_configuration() {
    let config: ModelConfig = serde_json::from_str(
        r#"{"name":"m","platform":"onnxruntime_onnx","max_batch_size":8,
            "version_policy":{"latest":{"num_versions":2}},
            "input":[{"name":"x","data_type":"TYPE_FP32","dims":[-1,3]}],
            "dynamic_batching":{"max_queue_delay_microseconds":100},
            "instance_group":[{"kind":"KIND_CPU","count":2}]}"#,
    )
    .unwrap();
    assert_eq!(config.instance_group[0].count, 2);
    assert_eq!(config.input[0].dims, [-1, 3]);
    let error = serde_json::from_str::<ModelConfig>(r#"{"sequence_batching":{}}"#).unwrap_err();
    assert!(error.to_string().contains("sequence_batching"), "{error}");
}
