//! Every gRPC call but inference, through a client made from the service's definition.

use std::collections::BTreeMap;

use phalanx_protocol::grpc::proto::log_settings_request::SettingValue as LogValue;
use phalanx_protocol::grpc::proto::log_settings_request::setting_value::ParameterChoice as Log;
use phalanx_protocol::grpc::proto::log_settings_response::setting_value::ParameterChoice as Logged;
use phalanx_protocol::grpc::proto::model_config::SchedulingChoice;
use phalanx_protocol::grpc::proto::model_repository_parameter::ParameterChoice;
use phalanx_protocol::grpc::proto::trace_setting_request::SettingValue as TraceValue;
use phalanx_protocol::grpc::proto::{
    CudaSharedMemoryRegisterRequest, CudaSharedMemoryStatusRequest, CudaSharedMemoryUnregisterRequest,
    DataType, LogSettingsRequest, ModelConfigRequest, ModelMetadataRequest, ModelRepositoryParameter,
    ModelStatisticsRequest, RepositoryIndexRequest, RepositoryModelLoadRequest, RepositoryModelUnloadRequest,
    ServerMetadataRequest, TraceSettingRequest,
};
use tonic::Code;

use crate::rig::Rig;

fn named(name: &str, version: &str) -> (String, String) {
    (name.to_owned(), version.to_owned())
}

#[test]
fn what_the_server_and_its_models_are() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let mut client = rig.grpc().await.client();
        let server = client.server_metadata(ServerMetadataRequest {}).await.unwrap().into_inner();
        assert_eq!(server.name, "phalanx");
        let asked = |(name, version)| ModelMetadataRequest { name, version };
        let model = client.model_metadata(asked(named("null", "1"))).await.unwrap().into_inner();
        assert_eq!((&*model.name, &*model.versions), ("null", &["1".to_owned()][..]));
        assert_eq!((&*model.inputs[0].datatype, &*model.inputs[0].shape), ("FP32", &[-1, 256][..]));
        let unknown = client.model_metadata(asked(named("nobody", ""))).await.unwrap_err();
        assert_eq!((unknown.code(), unknown.message()), (Code::NotFound, "there is no model \"nobody\""));
        let unknown = client.model_metadata(asked(named("null", "2"))).await.unwrap_err();
        assert_eq!(unknown.code(), Code::NotFound);
    });
}

#[test]
fn how_models_are_run() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let mut client = rig.grpc().await.client();
        let asked = ModelConfigRequest { name: "null".to_owned(), version: String::new() };
        let config = client.model_config(asked).await.unwrap().into_inner().config.unwrap();
        assert_eq!((config.max_batch_size, &*config.input[0].dims), (8, &[256][..]));
        assert_eq!(config.input[0].data_type(), DataType::TypeFp32);
        assert!(matches!(config.scheduling_choice, Some(SchedulingChoice::DynamicBatching(_))));
        let asked = ModelConfigRequest { name: "words".to_owned(), version: String::new() };
        let config = client.model_config(asked).await.unwrap().into_inner().config.unwrap();
        assert_eq!((config.max_batch_size, config.scheduling_choice), (0, None));
        assert_eq!(config.output[0].data_type(), DataType::TypeString);
    });
}

#[test]
fn what_models_have_done() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let mut client = rig.grpc().await.client();
        client.model_infer(crate::inference::row(3.0)).await.unwrap();
        let asked = |name: &str| ModelStatisticsRequest { name: name.to_owned(), version: String::new() };
        let statistics = client.model_statistics(asked("null")).await.unwrap().into_inner().model_stats;
        assert_eq!((statistics.len(), statistics[0].inference_count), (1, 1));
        let times = statistics[0].inference_stats.as_ref().unwrap();
        assert_eq!(times.success.unwrap().count, 1);
        assert!(times.success.unwrap().ns > 0);
        let all = client.model_statistics(asked("")).await.unwrap().into_inner().model_stats;
        assert_eq!(all.len(), 3);
        assert_eq!(client.model_statistics(asked("nobody")).await.unwrap_err().code(), Code::NotFound);
    });
}

#[test]
fn the_repository_is_listed_and_not_changed_without_one() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let mut client = rig.grpc().await.client();
        let index = client.repository_index(RepositoryIndexRequest::default()).await.unwrap().into_inner();
        let names: Vec<&str> = index.models.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names, ["halves", "null", "words"]);
        assert!(index.models.iter().all(|model| model.state == "READY"));

        let load = |parameters| RepositoryModelLoadRequest {
            model_name: "null".to_owned(),
            parameters,
            ..RepositoryModelLoadRequest::default()
        };
        let refused = client.repository_model_load(load(BTreeMap::new())).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unimplemented);
        assert!(refused.message().contains("--model-control explicit"), "{refused}");
        let number = ModelRepositoryParameter { parameter_choice: Some(ParameterChoice::Int64Param(1)) };
        let wrong = load([("config".to_owned(), number)].into());
        assert_eq!(client.repository_model_load(wrong).await.unwrap_err().code(), Code::InvalidArgument);
        let unload = RepositoryModelUnloadRequest {
            model_name: "null".to_owned(),
            ..RepositoryModelUnloadRequest::default()
        };
        assert_eq!(client.repository_model_unload(unload).await.unwrap_err().code(), Code::Unimplemented);
    });
}

#[test]
fn settings_can_be_seen_and_changed() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let mut client = rig.grpc().await.client();
        let log = |name: &str, value| LogSettingsRequest {
            settings: [(name.to_owned(), LogValue { parameter_choice: Some(value) })].into(),
        };
        let changed = client.log_settings(log("log_verbose_level", Log::Uint32Param(2))).await.unwrap();
        let level = changed.into_inner().settings["log_verbose_level"].parameter_choice.clone();
        assert_eq!(level, Some(Logged::Uint32Param(2)));
        let wrong = client.log_settings(log("log_info", Log::StringParam("yes".to_owned()))).await;
        assert_eq!(wrong.unwrap_err().code(), Code::InvalidArgument);

        let trace = |model: &str, name: &str, values: &[&str]| TraceSettingRequest {
            settings: [(
                name.to_owned(),
                TraceValue { value: values.iter().map(|&value| value.to_owned()).collect() },
            )]
            .into(),
            model_name: model.to_owned(),
        };
        let changed = client.trace_setting(trace("null", "trace_rate", &["7"])).await.unwrap().into_inner();
        assert_eq!(changed.settings["trace_rate"].value, ["7"]);
        let all = client.trace_setting(TraceSettingRequest::default()).await.unwrap().into_inner();
        assert_eq!(all.settings["trace_rate"].value, ["1000"]);
        let cleared = client.trace_setting(trace("null", "trace_rate", &[])).await.unwrap().into_inner();
        assert_eq!(cleared.settings["trace_rate"].value, ["1000"]);
        let wrong = client.trace_setting(trace("", "trace_rate", &["1", "2"])).await.unwrap_err();
        assert_eq!(wrong.code(), Code::InvalidArgument);
        let unknown = client.trace_setting(trace("nobody", "trace_rate", &["1"])).await.unwrap_err();
        assert_eq!(unknown.code(), Code::NotFound);
    });
}

#[test]
fn there_is_no_cuda_shared_memory() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let mut client = rig.grpc().await.client();
        let status =
            client.cuda_shared_memory_status(CudaSharedMemoryStatusRequest::default()).await.unwrap();
        assert!(status.into_inner().regions.is_empty());
        client.cuda_shared_memory_unregister(CudaSharedMemoryUnregisterRequest::default()).await.unwrap();
        let register = CudaSharedMemoryRegisterRequest { name: "r".to_owned(), ..Default::default() };
        let refused = client.cuda_shared_memory_register(register).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unimplemented);
    });
    assert_eq!(rig.get("/v2/cudasharedmemory/status").ok(), serde_json::json!([]));
    rig.get("/v2/cudasharedmemory/region/r/status").error(400);
    rig.post("/v2/cudasharedmemory/unregister", "").ok();
    rig.post("/v2/cudasharedmemory/region/r/unregister", "").ok();
    rig.post("/v2/cudasharedmemory/region/r/register", "{}").error(400);
}
